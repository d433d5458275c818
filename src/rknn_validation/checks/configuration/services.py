"""Services that use the NPU: type, sandbox, access to the devnode, the runtime library."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.configuration.units import NO_SERVICE
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem
from rknn_validation.facts.access import why_not_allowed
from rknn_validation.facts.contribution import contribution
from rknn_validation.facts.devnodes import Devnode, devnode_exists, devnodes, devnodes_named, unread_rules
from rknn_validation.facts.library.links import providers
from rknn_validation.facts.library.search import unit_values
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import Unit
from rknn_validation.facts.npurelated import npu_units, services_in_settings
from rknn_validation.facts.services import (
    closed_devnodes,
    consumers,
    groups_of,
    jobs,
    named_devnodes,
    services,
    speaks_of_npu,
)
from rknn_validation.facts.text import shell
from rknn_validation.facts.text.units import commands_text, devnode_of, exec_commands, is_on, last, words
from rknn_validation.npu.stacks import CORE_MASKS, LD_LIBRARY_PATH

_TYPES = {"simple", "exec", "forking", "oneshot", "dbus", "notify", "notify-reload", "idle"}


@check(
    "units.service-type-valid",
    "Service type, restart and stop settings are compatible",
    remedy="Use Restart=no or on-failure with Type=oneshot; add RemainAfterExit=true if the service has an ExecStop.",
    nothing=NO_SERVICE,
    everywhere=True,
)
def type_fits(facts: Facts) -> Iterator[Problem | Fine]:
    """systemd refuses some combinations, and runs ExecStop of a plain oneshot immediately."""
    for name, unit in services(facts).items():
        for why in _misfits(unit):
            yield Problem(name, "the service does not work as written", why)
        yield Fine(name)


def _misfits(unit: Unit) -> Iterator[str]:
    kind, restart = last(unit, "Type"), last(unit, "Restart")
    if kind and kind not in _TYPES:
        yield f"Type={kind} does not exist"
    if kind == "oneshot" and restart in {"always", "on-success"}:
        yield f"Restart={restart} is not allowed for Type=oneshot; systemd refuses the unit"
    stops = last(unit, "ExecStop") or unit.stop_script.strip()
    if kind == "oneshot" and stops and not is_on(last(unit, "RemainAfterExit")):
        yield "ExecStop= of a oneshot without RemainAfterExit=true runs as soon as it has started"
    starts = unit.sections.get("Service", {}).get("ExecStart", ())
    if kind != "oneshot" and len([command for command in starts if command]) > 1:
        yield "more than one ExecStart= needs Type=oneshot"


@check(
    "units.sandbox-allows-npu",
    "Sandboxed services can open the NPU",
    remedy="Leave PrivateDevices off, add the devnode to DeviceAllow, and set SupplementaryGroups=render on the "
    "service.",
    nothing="the subject adds no service that uses the NPU",
)
def sandbox_lets_in(facts: Facts) -> Iterator[Problem | Fine]:
    """PrivateDevices and DevicePolicy hide /dev; a user outside the group gets EACCES."""
    for name, unit in {**consumers(facts), **jobs(facts)}.items():
        for why in _shut_out(unit, facts):
            yield Problem(name, "the service cannot open the NPU", why)
        yield Fine(name)


def _shut_out(unit: Unit, facts: Facts) -> Iterator[str]:
    if is_on(last(unit, "PrivateDevices")):
        yield "PrivateDevices=true: its /dev has only pseudo-devices and no NPU"
    if why := why_not_allowed(facts, unit):
        yield why
    if facts.scenario.stack == "vendor" and last(unit, "ProcSubset") == "pid":
        yield "ProcSubset=pid: the runtime cannot read /proc/device-tree to identify the chip"
    groups = (*words(unit, "SupplementaryGroups"), *words(unit, "Group"))
    if is_on(last(unit, "DynamicUser")) and not groups:
        yield "DynamicUser=true without SupplementaryGroups=: its user is in no group that can open the NPU"


@check(
    "units.sandbox-allows-helpers",
    "Sandboxes do not block helper services",
    remedy="Remove ProtectKernelModules from a unit that loads a module, and ProtectSystem from one that writes to "
    "/usr.",
    nothing=NO_SERVICE,
    everywhere=True,
)
def helpers_can_work(facts: Facts) -> Iterator[Problem | Fine]:
    """modprobe needs CAP_SYS_MODULE; a link in /usr/lib needs a writable /usr."""
    what = "the unit's sandbox blocks its own work"
    for name, unit in services(facts).items():
        text = commands_text(unit)
        programs = {command.program for command in shell.all_commands(text)}
        if programs & {"modprobe", "insmod"} and is_on(last(unit, "ProtectKernelModules")):
            yield Problem(name, what, "ProtectKernelModules=true, but it loads a module")
        protects = last(unit, "ProtectSystem")
        writes = [link.line for link in shell.links(text) if link.path.startswith("/usr/")]
        writable = any(path.lstrip("-+").startswith("/usr") for path in words(unit, "ReadWritePaths"))
        if writes and protects in {"true", "full", "strict", "yes", "1"} and not writable:
            yield Problem(name, what, f"ProtectSystem={protects}, but it writes: {writes[0]}")
        yield Fine(name)


@check(
    "units.services-find-runtime",
    "Services find the runtime library",
    remedy="Set systemd.services.<name>.environment.LD_LIBRARY_PATH: services do not read shell or PAM settings.",
    nothing="the subject adds no service that uses the NPU",
    stacks=("vendor",),
)
def services_find_it(facts: Facts) -> Iterator[Problem | Fine]:
    """Only shells read environment.variables; services start without them."""
    told = {name: unit for name, unit in services(facts).items() if name in services_in_settings(facts)}
    ours = {name: unit for name, unit in consumers(facts).items() if speaks_of_npu(unit)}
    shells = {**contribution(facts).variables, **contribution(facts).session_variables}
    reached = LD_LIBRARY_PATH in contribution(facts).global_environment or LD_LIBRARY_PATH not in shells
    if providers(facts) and not reached:
        # The link of the Python API is enough for the subject's own services; those named in the settings get the path.
        ours = {}
    for name, unit in {**ours, **told}.items():
        if reached or list(unit_values(unit)) or _finds_by_itself(unit):
            yield Fine(name)
        else:
            ran = (commands_text(unit).strip() or "a service of the machine, named in the settings").splitlines()[0]
            yield Problem(name, f"{LD_LIBRARY_PATH} is set only for shells; the service starts without it", ran)


def _finds_by_itself(unit: Unit) -> bool:
    """Whether a service sets the path where evaluation does not see it, or runs a program that needs none."""
    text = commands_text(unit)
    logs_in = last(unit, "EnvironmentFile") or last(unit, "PAMName")
    return bool(LD_LIBRARY_PATH in text or logs_in or re.search(r"-wrapped\b", text))


@check(
    "access.services-in-device-group",
    "Services that use the NPU are in the devnode's group",
    remedy="Set SupplementaryGroups = [ <the group of the udev rule> ] on the service, or add its user to that group.",
    nothing="the subject adds no service that uses the NPU",
)
def services_in_group(facts: Facts) -> Iterator[Problem | Fine | Aside]:
    """Otherwise the service gets EACCES, although everything works as root."""
    given = [one for one in devnodes(facts) if one.outcome.gives_access]
    if not any(one.outcome.group for one in given) or unread_rules(facts):
        yield Aside("the subject does not limit the devnode to a group")
        return
    if any(one.outcome.is_tagged for one in given):
        yield Aside("users who are logged in at the machine can open the devnode")
        return
    kept = {one.device.subsystem for one in given}
    for name, unit in consumers(facts).items():
        own = groups_of(facts, unit) if speaks_of_npu(unit) else None
        # A service without any group is judged by units.sandbox-allows-npu.
        if own is None or (not own and is_on(last(unit, "DynamicUser"))):
            yield Fine(name)
        elif shut := [one for one in closed_devnodes(facts, unit) if one.device.subsystem in kept]:
            what = "the service cannot open the NPU: it is in none of the groups that the rules set"
            yield Problem(name, what, f"in {', '.join(sorted(own)) or 'no group'}; {'; '.join(map(str, shut))}")
        else:
            yield Fine(name, f"in {', '.join(sorted(own))}")


@check(
    "units.device-unit-is-tagged",
    "Device units that services wait for exist",
    remedy='Add TAG+="systemd" to the rule for KERNEL=="rknpu": systemd makes units of tagged devices only.',
    nothing="no unit for the NPU waits for a devnode of it",
)
def device_unit_appears(facts: Facts) -> Iterator[Problem | Fine]:
    """The job for dev-rknpu.device times out after 90 s, and units that require it fail."""
    for name, unit in npu_units(facts).items():
        for key in ("BindsTo", "Requires", "Requisite", "Wants"):
            for waited in words(unit, key, "Unit"):
                nodes = devnodes_named(facts, devnode_of(waited))
                if not nodes:
                    continue
                if unread_rules(facts) or any("systemd" in _tags(one) for one in nodes):
                    yield Fine(name, "a rule tags the device for systemd")
                else:
                    what = f"systemd never makes the device unit of {nodes[0].path}, because no rule tags it"
                    yield Problem(name, what, f"{key}={waited}")


def _tags(node: Devnode) -> set[str]:
    return {tag.value for tag in node.outcome.tags}


@check(
    "units.devnodes-exist",
    "Devnodes that services name exist",
    remedy="Use the devnode that the driver creates: /dev/rknpu or the card below /dev/dri (vendor), "
    "/dev/accel/accel0 (mainline).",
    nothing="no service for the NPU names a devnode",
)
def devnodes_exist(facts: Facts) -> Iterator[Problem | Fine]:
    """A program that opens another path fails, and a script that waits for it never ends."""
    for name, unit in services(facts).items():
        named = named_devnodes(unit)
        absent = [path for path in named if devnode_exists(facts, path) is False]
        # A program that tries several names finds the right one.
        if absent and len(absent) == len(named):
            made = ", ".join(sorted({one.path for one in devnodes(facts)}))
            what = f"{', '.join(absent)} will not exist: the driver creates {made}"
            yield Problem(name, what, "\n".join(f"{path}: {text}" for path, text in named.items()))
        elif named:
            yield Fine(name, ", ".join(named))


_VARIABLE = re.compile(r"(?:RKNN|RKNPU|NPU)\w*CORE_?MASK|^CORE_?MASK$", re.IGNORECASE)
_OPTION = re.compile(r"--(?:npu-?)?core-?mask[= ]\"?(0[xX][0-9a-fA-F]+|\d+)\b")


@check(
    "units.core-masks-valid",
    "Core masks are valid",
    remedy="Use 0 (the driver chooses), 1, 2, 4 (one core), 3 (two), 7 (all three) or 65535 (all there are).",
    nothing="no service sets a core mask",
    stacks=("vendor",),
)
def core_masks_are_known(facts: Facts) -> Iterator[Finding]:
    """`The core mode 5 is not supported`: not every set of cores is allowed."""
    for where, text, mask in _asked(facts):
        known = mask in CORE_MASKS
        yield Fine(where, text) if known else Problem(where, "the runtime does not support this core mask", text)


def _asked(facts: Facts) -> Iterator[tuple[str, str, int]]:
    for name, unit in services(facts).items():
        for variable, value in unit.environment.items():
            if _VARIABLE.search(variable) and re.fullmatch(r"0[xX][0-9a-fA-F]+|\d+", value):
                yield name, f"{variable}={value}", _number(value)
        for line in (*(command for _, command in exec_commands(unit)), *unit.script.splitlines()):
            yield from ((name, line.strip(), _number(found)) for found in _OPTION.findall(line))


def _number(text: str) -> int:
    return int(text, 16) if text[:2].lower() == "0x" else int(text)
