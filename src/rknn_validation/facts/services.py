"""The subject's services that concern the NPU, and what they do with it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.facts.contribution import contribution
from rknn_validation.facts.devnodes import Devnode, devnodes
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.configuration import Unit
from rknn_validation.facts.npurelated import npu_units, services_in_settings, uses_npu
from rknn_validation.facts.text import shell
from rknn_validation.facts.text.units import commands_text, exec_commands, is_on, last, words
from rknn_validation.npu.about import about_npu

_HELPERS = frozenset(
    {
        *("modprobe", "insmod", "udevadm", "ln", "mkdir", "chmod", "chown", "chgrp", "echo", "test", "sh"),
        *("bash", "true", "install", "cp", "rm", "systemctl", "find", "cat"),
        "rknn-readings",  # reads what the kernel tells of the NPU, and opens no devnode
    }
)


@derived
def services(facts: Facts) -> dict[str, Unit]:
    """The subject's services for the NPU, new and changed, that are not switched off."""
    return {name: one for name, one in npu_units(facts).items() if name.endswith(".service") and one.enabled}


@derived
def own_services(facts: Facts) -> dict[str, Unit]:
    """Like `services`, without those of the machine that the subject only adds to."""
    before = facts.baseline.configuration
    others = services_in_settings(facts) | set(before.units if before else ())
    return {name: one for name, one in services(facts).items() if name not in others}


@derived
def consumers(facts: Facts) -> dict[str, Unit]:
    """The subject's services that use the NPU themselves: long-running, and no mere helper program."""
    return {
        name: unit
        for name, unit in own_services(facts).items()
        if last(unit, "Type") != "oneshot"
        and commands_text(unit).strip()
        and not is_helper(unit)
        and uses_npu(facts, unit)
    }


@derived
def jobs(facts: Facts) -> dict[str, Unit]:
    """The subject's oneshots that run a program which speaks of the NPU."""
    return {
        name: unit
        for name, unit in own_services(facts).items()
        if last(unit, "Type") == "oneshot"
        and any(exec_commands(unit))
        and not is_helper(unit)
        and speaks_of_npu(unit)
        and uses_npu(facts, unit)
    }


def is_helper(unit: Unit) -> bool:
    """Whether all a service starts are the small programs that prepare a machine."""
    ran = [command for key, command in exec_commands(unit) if key == "ExecStart"]
    return bool(ran) and all(command.split()[0].rsplit("/", 1)[-1] in _HELPERS for command in ran)


def speaks_of_npu(unit: Unit) -> bool:
    """Whether a unit's name, commands or environment name the NPU or its libraries."""
    texts = (unit.name, commands_text(unit), *unit.environment, *unit.environment.values())
    return any(about_npu(text) or re.search("tflite", text, re.IGNORECASE) for text in texts)


def groups_of(facts: Facts, unit: Unit) -> frozenset[str] | None:
    """The groups a service runs with; None for root, and where it cannot be told."""
    account = last(unit, "User")
    powers = " ".join(words(unit, "AmbientCapabilities"))
    if "CAP_DAC" in powers or last(unit, "PAMName") or any("%" in word for word in (account, last(unit, "Group"))):
        return None
    named = frozenset((*words(unit, "SupplementaryGroups"), *words(unit, "Group")))
    if is_on(last(unit, "DynamicUser")):
        return named
    if account in {"", "root", "0"} or account not in facts.configuration.users:
        return None
    user = facts.configuration.users[account]
    members = {name for name, group in facts.configuration.groups.items() if account in group.members}
    own = {last(unit, "Group") or user.group} - {""}
    return named | set(user.groups) | members | own


def closed_devnodes(facts: Facts, unit: Unit) -> tuple[Devnode, ...]:
    """The devnodes that stay shut to a service: those of a flavour of which no node that is opened lets it in."""
    groups, user = groups_of(facts, unit), last(unit, "User")
    if groups is None:
        return ()
    found: list[Devnode] = []
    for subsystem in {one.device.subsystem for one in devnodes(facts)}:
        same = [one for one in devnodes(facts) if one.device.subsystem == subsystem]
        if not any(one.is_opened and one.lets_in(user, groups) for one in same):
            found += same
    return tuple(found)


def may_open(facts: Facts, unit: Unit) -> bool:
    """Whether a service may open the NPU, whichever flavour its driver has."""
    return not closed_devnodes(facts, unit)


@derived
def npu_scripts(facts: Facts) -> tuple[tuple[str, str], ...]:
    """(where, script) of every shell script the subject has run for the NPU: activation, units and their commands."""
    found = [*contribution(facts).root_scripts.items()]
    for name, unit in npu_units(facts).items():
        found += [(name, text) for text in (unit.script, unit.stop_script) if text.strip()]
        found += [(name, command) for _, command in exec_commands(unit)]
    return tuple((where, text) for where, text in found if text.strip())


def run_commands(facts: Facts) -> Iterator[tuple[str, shell.Command]]:
    """(where, command) of every command of those scripts."""
    for where, text in npu_scripts(facts):
        yield from ((where, command) for command in shell.unrolled_commands(text))


@derived
def wanted_units(facts: Facts) -> frozenset[str]:
    """Units that another unit of the machine names to start them."""
    keys = ("Wants", "Requires", "BindsTo", "Upholds", "OnFailure", "OnSuccess", "Unit", "Service", "Also")
    return frozenset(
        name
        for unit in facts.configuration.units.values()
        for section in unit.sections.values()
        for key in keys
        for value in section.get(key, ())
        for name in value.split()
    )


def is_started(facts: Facts, unit: Unit) -> bool:
    """Whether something starts a service: a target, its timer, socket or path, a bus name, a rule, a script."""
    units, stem = facts.configuration.units, unit.name.removesuffix(".service")
    kin = [units[name] for kind in ("timer", "socket", "path") if (name := f"{stem}.{kind}") in units]
    if unit.wanted_by or unit.required_by or "@" in unit.name or last(unit, "BusName"):
        return True
    return _is_named(facts, unit.name) or any(
        one.wanted_by or one.required_by or _is_named(facts, one.name) for one in kin
    )


def _is_named(facts: Facts, name: str) -> bool:
    stem = name.removesuffix(".service")
    return name in wanted_units(facts) or any(
        name in text or f"start {stem}" in text for text in _starting_texts(facts)
    )


@derived
def _starting_texts(facts: Facts) -> tuple[str, ...]:
    ours = contribution(facts)
    texts = [rule.text or "" for rule in ours.rules] + list(ours.root_scripts.values())
    return (*texts, *(unit.script for unit in ours.units.values() if unit.script.strip()))


def named_devnodes(unit: Unit) -> dict[str, str]:
    """The paths below /dev that could be the NPU's and that a service names: path to the text that does."""
    texts = [(f"{name}={value}", value) for name, value in unit.environment.items()]
    for command in shell.all_commands("\n".join((commands_text(unit), unit.stop_script))):
        # What a script makes or removes need not be there.
        if command.program not in {"ln", "mknod", "rm", "mkdir", "echo", "printf", "logger", "podman", "docker"}:
            texts += [(command.text, word) for word in command.words]
    found: dict[str, str] = {}
    for text, word in texts:
        for path in re.findall(r"/dev/[\w./-]*\w", word):
            if about_npu(path) or path.startswith("/dev/dri/"):
                found.setdefault(path, text)
    return found
