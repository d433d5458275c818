"""Will the units start, and do what they say?"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import ALL_STACKS, CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.difference import part
from rknn_validation.facts.model import Facts
from rknn_validation.facts.text.unitkeys import SECTIONS
from rknn_validation.facts.text.unitnames import TARGETS, UNITS
from rknn_validation.nix.configuration import Unit

SUFFIXES = ("service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope")
_ON_NIXOS = ("/nix/store/", "/run/", "/etc/profiles/", "/bin/sh", "/usr/bin/env", "/var/", "/home/", "/opt/", "/root/")


_MADE = (".device", ".mount", ".swap", ".scope")
"""Units that systemd makes itself, of what it finds."""


def last(unit: Unit, key: str, section: str = "Service") -> str:
    """The value of a key that takes one; "" where unset."""
    return (unit.sections.get(section, {}).get(key) or ("",))[-1]


def is_on(value: str) -> bool:
    """Whether systemd reads the value as true."""
    return value.lower() in {"1", "yes", "y", "true", "t", "on"}


def commands(unit: Unit) -> Iterator[tuple[str, str]]:
    """(key, command without its prefix characters) of every Exec line that is not a NixOS script."""
    for key, values in unit.sections.get("Service", {}).items():
        if key.startswith("Exec"):
            for value in values:
                for line in value.splitlines():
                    # escapeSystemdExecArgs quotes every word, the program's too.
                    command = re.sub(r'^(["\'])([^"\'\s]+)\1', r"\2", line.strip().lstrip("@-:+!|"))
                    if command and not command.startswith("script:"):
                        yield key, command


def services(facts: Facts) -> dict[str, Unit]:
    """The subject's services, new and changed, that are not switched off."""
    return {name: one for name, one in part(facts).units.items() if name.endswith(".service") and one.enabled}


def own_services(facts: Facts) -> dict[str, Unit]:
    """Like `services`, without those of the machine that the subject only adds to."""
    before = facts.baseline.configuration
    others = asked_for(facts) | set(before.units if before else ())
    return {name: one for name, one in services(facts).items() if name not in others}


def asked_for(facts: Facts) -> set[str]:
    """Services the scenario's settings name: the machine's own, which the subject is told to serve."""

    def texts(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value.removesuffix(".service") + ".service"
        elif isinstance(value, list):
            for one in value:
                yield from texts(one)
        elif isinstance(value, dict):
            for one in value.values():
                yield from texts(one)

    return set(texts(dict(facts.scenario.settings)))


@CONFIGURATION_CHECKS.check(
    "units.programs-exist",
    stage="units",
    title="units run programs that exist on NixOS",
    remedy='Name the program by store path: ExecStart = "${pkgs.kmod}/bin/modprobe rknpu" (lib.getExe\').',
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def programs_exist(facts: Facts) -> Answer:
    """`status=203/EXEC`: NixOS has /bin/sh and /usr/bin/env, and systemd searches no profile."""
    ours = part(facts).units
    ran = [(name, key, command) for name, unit in ours.items() for key, command in commands(unit)]
    wrong = [
        Evidence(f"{name} {key}", command)
        for name, key, command in ran
        if not command.startswith(_ON_NIXOS) and not command.startswith(("$", "%"))
    ]
    if wrong:
        return failed("the unit fails with 203/EXEC: there is no such program", *wrong)
    return (
        passed(f"{len(ran)} commands by store path") if ran else skipped("the subject's units run scripts or nothing")
    )


@CONFIGURATION_CHECKS.check(
    "units.do-something",
    stage="units",
    title="every service has something to run",
    remedy="Give the service an ExecStart or a script.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def do_something(facts: Facts) -> Answer:
    """systemd refuses a service with nothing to run: `Service has no ExecStart=, ExecStop=, or SuccessAction=`."""
    ours = own_services(facts)
    empty = [
        Evidence(name, "no ExecStart, no script")
        for name, unit in ours.items()
        if not unit.script.strip()
        and not _keys(unit) & {"ExecStart", "ExecStop"}
        and not last(unit, "SuccessAction", "Unit")
    ]
    if empty:
        return failed("systemd refuses to load the service", *empty)
    return passed(f"{len(ours)} services") if ours else skipped("the subject adds no service")


def _keys(unit: Unit) -> set[str]:
    return {key for key, values in unit.sections.get("Service", {}).items() if any(values)}


@CONFIGURATION_CHECKS.check(
    "units.are-started",
    stage="units",
    title="something starts every unit",
    remedy='Add wantedBy = [ "multi-user.target" ] (or a timer, a socket, or a rule with SYSTEMD_WANTS).',
)
def are_started(facts: Facts) -> Answer:
    """A unit nobody wants is never started, and nothing says so."""
    configuration = facts.configuration
    ours = own_services(facts)
    wanted = {
        name
        for unit in configuration.units.values()
        for key in ("Wants", "Requires", "BindsTo", "Upholds", "OnFailure", "OnSuccess", "Unit", "Service", "Also")
        for section in unit.sections.values()
        for value in section.get(key, ())
        for name in value.split()
    }
    texts = [rule.text or "" for rule in part(facts).rules]
    texts += [*part(facts).activation_scripts.values(), *(unit.script for unit in part(facts).units.values())]
    idle = []
    for name, unit in ours.items():
        stem = name.removesuffix(".service")
        by_kin = [kin for kind in ("timer", "socket", "path") if (kin := configuration.units.get(f"{stem}.{kind}"))]
        by_kin = [kin for kin in by_kin if kin.wanted_by or kin.required_by or _is_named(kin.name, wanted, texts)]
        by_name = _is_named(name, wanted, texts)
        if not (unit.wanted_by or unit.required_by or by_kin or by_name or "@" in name or last(unit, "BusName")):
            idle.append(Evidence(name, "no wantedBy, no requiredBy, no timer or socket; nothing names it"))
    if idle:
        return failed("these services are never started", *idle)
    return passed(f"{len(ours)} services are started") if ours else skipped("the subject adds no service")


@CONFIGURATION_CHECKS.check(
    "units.names-are-units",
    stage="units",
    title="units name other units by their full and right names",
    remedy="Write the whole name with its suffix (multi-user.target, systemd-udevd.service).",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def names_are_units(facts: Facts) -> Answer:
    """A target that does not exist is never reached; an ordering after it orders nothing."""
    wrong = []
    for owner, unit in part(facts).units.items():
        for relation, name in _named_units(unit):
            why = _wrong_name(facts, relation, name)
            if why:
                wrong.append(Evidence(f"{owner} {relation}", f"{name}: {why}"))
    if wrong:
        return failed("a unit is named that does not exist", *wrong)
    return passed("every unit that is named exists or may exist")


def _is_named(name: str, wanted: set[str], texts: list[str]) -> bool:
    """Whether another unit, a rule or a script starts a unit."""
    stem = name.removesuffix(".service")
    return name in wanted or any(name in text or f"start {stem}" in text for text in texts)


def _named_units(unit: Unit) -> Iterator[tuple[str, str]]:
    yield from (("WantedBy", name) for name in unit.wanted_by)
    yield from (("RequiredBy", name) for name in unit.required_by)
    for key in ("After", "Before", "Wants", "Requires", "BindsTo", "Requisite", "PartOf", "Conflicts"):
        yield from ((key, name) for value in unit.sections.get("Unit", {}).get(key, ()) for name in value.split())


def _wrong_name(facts: Facts, relation: str, name: str) -> str | None:
    if name in facts.configuration.units or "%" in name or "@" in name:
        return None
    if name.rsplit(".", 1)[-1] not in SUFFIXES:
        return "a unit's name ends in .service, .target, …"
    if (
        name.endswith(".target")
        and name not in TARGETS
        and relation in {"WantedBy", "RequiredBy", "Requires", "BindsTo"}
    ):
        return "no such target: it is never reached"
    if relation in {"Requires", "BindsTo", "Requisite"} and name not in UNITS | TARGETS and not name.endswith(_MADE):
        kin = difflib.get_close_matches(name, facts.configuration.units, n=1, cutoff=0.75)
        if kin:
            return f"no such unit, so this one cannot start; {kin[0]} is one"
    near = difflib.get_close_matches(name, UNITS | TARGETS, n=1, cutoff=0.9)
    if near and name not in UNITS | TARGETS:
        return f"no such unit; {near[0]} is one"
    return None


@CONFIGURATION_CHECKS.check(
    "units.keys-are-known",
    stage="units",
    title="systemd knows every key of the units, in its section",
    remedy="Spell the key as systemd.directives(7) does; conditions belong to unitConfig, not to serviceConfig.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def keys_known(facts: Facts) -> Answer:
    """An unknown key, or one in the wrong section, is ignored: `Unknown key name … in section …, ignoring`."""
    wrong = []
    for name, unit in part(facts).units.items():
        for section, keys in unit.sections.items():
            known = SECTIONS.get(section)
            for key in keys if known else ():
                why = _wrong_key(key, section)
                if why:
                    wrong.append(Evidence(f"{name} [{section}]", f"{key}={' '.join(keys[key])}: {why}"))
    if wrong:
        return failed("systemd ignores these lines", *wrong)
    return passed("every key is known")


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
