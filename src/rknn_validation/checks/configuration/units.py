"""Will the units start, and do what they say?"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import ALL_STACKS, check
from rknn_validation.checks.findings import Fine, Problem
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import Unit
from rknn_validation.facts.npupart import npu_units
from rknn_validation.facts.services import is_started, own_services
from rknn_validation.facts.text.unitfile import commands, last, words
from rknn_validation.facts.text.unitkeys import SECTIONS
from rknn_validation.facts.text.unitnames import SUFFIXES, TARGETS, UNITS

_ON_NIXOS = ("/nix/store/", "/run/", "/etc/profiles/", "/bin/sh", "/usr/bin/env", "/var/", "/home/", "/opt/", "/root/")
_MADE = (".device", ".mount", ".swap", ".scope")
"""Units that systemd makes itself, of what it finds."""
NO_COMMANDS = "the subject's units for the NPU run scripts or nothing"
NO_SERVICE = "the subject adds no service for the NPU"


@check(
    "units.programs-exist",
    stage="units",
    title="units run programs that exist on NixOS",
    remedy='Name the program by store path: ExecStart = "${pkgs.kmod}/bin/modprobe rknpu" (lib.getExe\').',
    nothing=NO_COMMANDS,
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def programs_exist(facts: Facts) -> Iterator[Problem | Fine]:
    """`status=203/EXEC`: NixOS has /bin/sh and /usr/bin/env, and systemd searches no profile."""
    for name, unit in npu_units(facts).items():
        for key, command in commands(unit):
            if command.startswith((*_ON_NIXOS, "$", "%")):
                yield Fine(f"{name} {key}", command)
            else:
                yield Problem(f"{name} {key}", "the unit fails with 203/EXEC: there is no such program", command)


@check(
    "units.do-something",
    stage="units",
    title="every service has something to run",
    remedy="Give the service an ExecStart or a script.",
    nothing=NO_SERVICE,
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def do_something(facts: Facts) -> Iterator[Problem | Fine]:
    """systemd refuses a service with nothing to run: `Service has no ExecStart=, ExecStop=, or SuccessAction=`."""
    for name, unit in own_services(facts).items():
        runs = unit.script.strip() or last(unit, "SuccessAction", "Unit")
        if runs or any(any(unit.sections.get("Service", {}).get(key, ())) for key in ("ExecStart", "ExecStop")):
            yield Fine(name)
        else:
            yield Problem(name, "systemd refuses to load the service", "no ExecStart, no script")


@check(
    "units.are-started",
    stage="units",
    title="something starts every unit",
    remedy='Add wantedBy = [ "multi-user.target" ] (or a timer, a socket, or a rule with SYSTEMD_WANTS).',
    nothing=NO_SERVICE,
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def are_started(facts: Facts) -> Iterator[Problem | Fine]:
    """A unit nobody wants is never started, and nothing says so."""
    for name, unit in own_services(facts).items():
        if is_started(facts, unit):
            yield Fine(name)
        else:
            seen = "no wantedBy, no requiredBy, no timer or socket; nothing names it"
            yield Problem(name, "this service is never started", seen)


@check(
    "units.names-are-units",
    stage="units",
    title="units name other units by their full and right names",
    remedy="Write the whole name with its suffix (multi-user.target, systemd-udevd.service).",
    nothing="the subject adds no unit for the NPU",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def names_are_units(facts: Facts) -> Iterator[Problem | Fine]:
    """A target that does not exist is never reached; an ordering after it orders nothing."""
    for owner, unit in npu_units(facts).items():
        for relation, name in _named_units(unit):
            if why := _wrong_name(facts, relation, name):
                yield Problem(f"{owner} {relation}", "a unit is named that does not exist", f"{name}: {why}")
        yield Fine(owner)


def _named_units(unit: Unit) -> Iterator[tuple[str, str]]:
    yield from (("WantedBy", name) for name in unit.wanted_by)
    yield from (("RequiredBy", name) for name in unit.required_by)
    for key in ("After", "Before", "Wants", "Requires", "BindsTo", "Requisite", "PartOf", "Conflicts"):
        yield from ((key, name) for name in words(unit, key, "Unit"))


def _wrong_name(facts: Facts, relation: str, name: str) -> str | None:
    if name in facts.configuration.units or "%" in name or "@" in name:
        return None
    if name.rsplit(".", 1)[-1] not in SUFFIXES:
        return "a unit's name ends in .service, .target, …"
    if name in UNITS | TARGETS:
        return None
    if name.endswith(".target") and relation in {"WantedBy", "RequiredBy", "Requires", "BindsTo"}:
        return "no such target: it is never reached"
    if relation in {"Requires", "BindsTo", "Requisite"} and not name.endswith(_MADE):
        kin = difflib.get_close_matches(name, facts.configuration.units, n=1, cutoff=0.75)
        if kin:
            return f"no such unit, so this one cannot start; {kin[0]} is one"
    near = difflib.get_close_matches(name, UNITS | TARGETS, n=1, cutoff=0.9)
    return f"no such unit; {near[0]} is one" if near else None


@check(
    "units.keys-are-known",
    stage="units",
    title="systemd knows every key of the units, in its section",
    remedy="Spell the key as systemd.directives(7) does; conditions belong to unitConfig, not to serviceConfig.",
    nothing="the subject adds no unit for the NPU",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def keys_known(facts: Facts) -> Iterator[Problem | Fine]:
    """An unknown key, or one in the wrong section, is ignored: `Unknown key name … in section …, ignoring`."""
    for name, unit in npu_units(facts).items():
        for section, keys in unit.sections.items():
            for key in keys if section in SECTIONS else ():
                if why := _wrong_key(key, section):
                    seen = f"{key}={' '.join(keys[key])}: {why}"
                    yield Problem(f"{name} [{section}]", "systemd ignores this line", seen)
        yield Fine(name)


def _wrong_key(key: str, section: str) -> str | None:
    if key in SECTIONS[section] or key.startswith("X-"):
        return None
    others = [name for name, keys in SECTIONS.items() if key in keys]
    if others:
        return f"belongs to [{others[0]}]"
    near = difflib.get_close_matches(key, SECTIONS[section], n=1, cutoff=0.8)
    if near:
        return f"no such key; {near[0]} is one"
    return "no such key" if re.match("Condition|Assert|Exec", key) else None
