"""systemd units as NixOS writes them: unit files, scripts, wants links, drop-ins."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping

from rknn_validation.facts.nix.configuration import Configuration, Unit
from rknn_validation.machine.activation.layout import STORE, Layout

UNITS = "/etc/systemd/system"
_PATH_OF_EVERY_SERVICE = ("coreutils", "findutils", "gnugrep", "gnused", "systemd")
_GUESTS_OWN = re.compile(
    r"systemd-|dbus|getty@|serial-getty@|user@|user-runtime-dir@|console-getty|polkit|sshd?\b|modprobe@"
)
_SCRIPTS = {
    "script": ("ExecStart", "start"),
    "preStart": ("ExecStartPre", "pre-start"),
    "postStart": ("ExecStartPost", "post-start"),
    "reload": ("ExecReload", "reload"),
    "preStop": ("ExecStop", "pre-stop"),
    "postStop": ("ExecStopPost", "post-stop"),
}
"""Option -> the setting it becomes and the end of its script's name."""
# NixOS lets systemd-modules-load meet modules that do not exist; Debian's unit would fail.
_TOLERANT = "[Service]\nSuccessExitStatus=0 1\n"


_NOT_STARTED = """\
[Unit]
Description={name} of the machine, which has nothing to do with the NPU
ConditionPathExists=/run/harness/this-machine-itself
"""
"""Replaces a unit that is not started, so that units which require it can start."""
_NAMED = 8


def lay_units(
    layout: Layout,
    configuration: Configuration,
    baseline: Configuration | None,
    only: Collection[str] | None = None,
) -> None:
    """Every unit that is not the guest's own or every NixOS's; those that are not among `only` are not started."""
    layout.text(f"{UNITS}/systemd-modules-load.service.d/nixos.conf", _TOLERANT)
    left: list[str] = []
    for name, unit in sorted(configuration.units.items()):
        if baseline is not None and baseline.units.get(name) == unit:
            continue
        if only is None or name in only:
            _lay(layout, unit, configuration.global_environment)
        elif unit.enabled and not _GUESTS_OWN.match(name) and "/" not in name:
            left.append(name)
            if name.endswith((".service", ".target")):
                service = "\n[Service]\nType=oneshot\nExecStart=/usr/bin/true\n" if name.endswith(".service") else ""
                layout.text(f"{UNITS}/{name}", _NOT_STARTED.format(name=name) + service)
    if left:
        more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
        layout.stand_in(f"units that have nothing to do with the NPU, not started: {', '.join(left[:_NAMED])}{more}")


def _lay(layout: Layout, unit: Unit, global_environment: Mapping[str, str]) -> None:
    own = _GUESTS_OWN.match(unit.name)
    if not unit.enabled:
        if not own:
            layout.link(f"{UNITS}/{unit.name}", "/dev/null")
        return
    text = unit_text(layout, unit, global_environment)
    if own:
        layout.text(f"{UNITS}/{unit.name}.d/overrides.conf", text)
        return
    layout.text(f"{UNITS}/{unit.name}", text)
    layout.units.append(unit.name)
    for kind, targets in (("wants", unit.wanted_by), ("requires", unit.required_by)):
        for target in targets:
            layout.link(f"{UNITS}/{target}.{kind}/{unit.name}", f"../{unit.name}")


def unit_text(layout: Layout, unit: Unit, global_environment: Mapping[str, str]) -> str:
    """The unit file's text; lays the scripts it starts."""
    sections = {section: dict(entries) for section, entries in unit.sections.items()}
    if unit.name.endswith(".service"):
        _lay_scripts(layout, unit, sections.setdefault("Service", {}))
    lines: list[str] = []
    for section in ("Unit", *(name for name in sections if name not in ("Unit", "Install"))):
        lines.append(f"[{section}]")
        for key, values in sorted(sections.get(section, {}).items()):
            lines += [f"{key}={value}" for value in values]
        if section == "Unit" and unit.restart_triggers:
            lines.append(f"X-Restart-Triggers={' '.join(' '.join(unit.restart_triggers).split())}")
        if section == "Service":
            lines += [f'Environment="{_quoted(item)}"' for item in _environment(unit, global_environment)]
        lines.append("")
    return "\n".join(lines)


def _environment(unit: Unit, global_environment: Mapping[str, str]) -> list[str]:
    environment = {**global_environment, **unit.environment}
    if "PATH" not in environment:
        roots = [package.out_path for package in unit.path]
        names = {root.partition("-")[2].split("-")[0] for root in roots}
        roots += [_stand_in_root(name) for name in _PATH_OF_EVERY_SERVICE if name not in names]
        environment["PATH"] = ":".join([f"{root}/bin" for root in roots] + [f"{root}/sbin" for root in roots])
    return [f"{name}={value}" for name, value in sorted(environment.items())]


def _stand_in_root(name: str) -> str:
    return f"{STORE}/{'0' * 32}-{name}"


def _lay_scripts(layout: Layout, unit: Unit, service: dict[str, tuple[str, ...]]) -> None:
    """Lay the scripts a unit starts where its settings say, or set what NixOS would have set."""
    texts = {"script": unit.script, "preStop": unit.stop_script, **unit.scripts}
    for option, text in texts.items():
        key, ending = _SCRIPTS[option]
        if not text:
            continue
        values = service.get(key, ())
        named = (
            next((value for value in values if value.split()[0].endswith(f"-{ending}")), None) if any(values) else None
        )
        path = named.split()[0].lstrip("@-:+!") if named else _script_path(unit.name, ending, text)
        if named is None and all(value == f"script:{option}" for value in values):
            service[key] = (path,)
        elif named is None:
            continue  # overridden by a setting of its own
        start = text if text.startswith("#!") else f"#!{_stand_in_root('bash')}/bin/bash\nset -e\n\n{text}\n"
        layout.text(path, start, 0o555)
    for key, values in service.items():
        if any(value.startswith("script:") for value in values):
            layout.note(f"{unit.name}: the text of its {key} is not known; it is left out")
            service[key] = tuple(value for value in values if not value.startswith("script:"))


def _script_path(unit: str, ending: str, text: str) -> str:
    stem = unit.removesuffix(".service").replace("@", "_")
    # Another text is another path, as in the store: that is how a switch sees that a unit has changed.
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    return f"{STORE}/{digest}-unit-script-{stem}-{ending}/bin/{stem}-{ending}"


def _quoted(item: str) -> str:
    return item.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
