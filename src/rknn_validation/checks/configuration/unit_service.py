"""Are services put together so that they can work: type, sandbox, access to the device?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import ALL_STACKS, check
from rknn_validation.checks.configuration.units import NO_SERVICE
from rknn_validation.checks.findings import Fine, Problem
from rknn_validation.facts.allowed import not_allowed
from rknn_validation.facts.difference import part
from rknn_validation.facts.library.placed import providers
from rknn_validation.facts.library.search import unit_values
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import Unit
from rknn_validation.facts.npupart import asked_for
from rknn_validation.facts.services import consumers, jobs, services, speaks_of_npu
from rknn_validation.facts.text import shell
from rknn_validation.facts.text.unitfile import is_on, last, text_of, words
from rknn_validation.npu.stacks import LD_LIBRARY_PATH

_TYPES = {"simple", "exec", "forking", "oneshot", "dbus", "notify", "notify-reload", "idle"}


@check(
    "units.type-fits",
    stage="units",
    title="systemd accepts the service's type, restart and stop",
    remedy="A oneshot takes Restart=no or on-failure; where something happens at the end, add RemainAfterExit=true.",
    nothing=NO_SERVICE,
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def type_fits(facts: Facts) -> Iterator[Problem | Fine]:
    """systemd refuses some combinations and runs ExecStop of a plain oneshot at once."""
    for name, unit in services(facts).items():
        for why in _misfits(unit):
            yield Problem(name, "the service does not work as written", why)
        yield Fine(name)


def _misfits(unit: Unit) -> Iterator[str]:
    kind, restart = last(unit, "Type"), last(unit, "Restart")
    if kind and kind not in _TYPES:
        yield f"Type={kind} is not a type"
    if kind == "oneshot" and restart in {"always", "on-success"}:
        yield f"Restart={restart} is not allowed for Type=oneshot; systemd refuses the unit"
    stops = last(unit, "ExecStop") or unit.stop_script.strip()
    if kind == "oneshot" and stops and not is_on(last(unit, "RemainAfterExit")):
        yield "ExecStop= of a oneshot without RemainAfterExit=true runs as soon as it has started"
    starts = unit.sections.get("Service", {}).get("ExecStart", ())
    if kind != "oneshot" and len([command for command in starts if command]) > 1:
        yield "more than one ExecStart= needs Type=oneshot"


@check(
    "units.sandbox-lets-the-npu-in",
    stage="units",
    title="services that use the NPU can open it",
    remedy="Leave PrivateDevices off, name the node in DeviceAllow, and give the service SupplementaryGroups=render.",
    nothing="the subject adds no service that uses the NPU",
)
def sandbox_lets_in(facts: Facts) -> Iterator[Problem | Fine]:
    """PrivateDevices and DevicePolicy hide /dev; a service user without the group gets EACCES."""
    for name, unit in {**consumers(facts), **jobs(facts)}.items():
        for why in _shut_out(unit, facts):
            yield Problem(name, "the service cannot open the NPU", why)
        yield Fine(name)


def _shut_out(unit: Unit, facts: Facts) -> Iterator[str]:
    if is_on(last(unit, "PrivateDevices")):
        yield "PrivateDevices=true: its /dev has null and zero and no NPU"
    if why := not_allowed(facts, unit):
        yield why
    if facts.scenario.stack == "vendor" and last(unit, "ProcSubset") == "pid":
        yield "ProcSubset=pid: the runtime reads /proc/device-tree to tell which chip it runs on, and finds nothing"
    groups = (*words(unit, "SupplementaryGroups"), *words(unit, "Group"))
    if is_on(last(unit, "DynamicUser")) and not groups:
        yield "DynamicUser=true without SupplementaryGroups=: its user is in no group that may open the NPU"


@check(
    "units.sandbox-lets-helpers-work",
    stage="units",
    title="helpers may do what they are there for",
    remedy="Drop ProtectKernelModules from a unit that loads a module, and ProtectSystem from one that writes to /usr.",
    good="no helper is in its own way",
    nothing=NO_SERVICE,
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def helpers_can_work(facts: Facts) -> Iterator[Problem | Fine]:
    """modprobe needs CAP_SYS_MODULE; a link in /usr/lib needs a writable /usr."""
    what = "the unit's own sandbox keeps it from its work"
    for name, unit in services(facts).items():
        text = text_of(unit)
        programs = {command.program for command in shell.plain(text)}
        if programs & {"modprobe", "insmod"} and is_on(last(unit, "ProtectKernelModules")):
            yield Problem(name, what, "ProtectKernelModules=true, and it loads a module")
        protects = last(unit, "ProtectSystem")
        writes = [link.line for link in shell.links(text) if link.path.startswith("/usr/")]
        writable = any(path.lstrip("-+").startswith("/usr") for path in words(unit, "ReadWritePaths"))
        if writes and protects in {"true", "full", "strict", "yes", "1"} and not writable:
            yield Problem(name, what, f"ProtectSystem={protects}, and it writes: {writes[0]}")
        yield Fine(name)


@check(
    "library.services-find-the-runtime",
    stage="units",
    title="the subject's own services find the runtime",
    remedy="Set systemd.services.<name>.environment.LD_LIBRARY_PATH: services read neither shells' nor PAM's settings.",
    good="services get the path, or do not depend on it",
    nothing="the subject adds no service that uses the NPU",
    stacks=("vendor",),
)
def services_find_it(facts: Facts) -> Iterator[Problem | Fine]:
    """environment.variables reach shells; a service starts without them."""
    told = {name: unit for name, unit in services(facts).items() if name in asked_for(facts)}
    ours = {name: unit for name, unit in consumers(facts).items() if speaks_of_npu(unit)}
    shells = {**part(facts).variables, **part(facts).session_variables}
    reached = LD_LIBRARY_PATH in part(facts).global_environment or LD_LIBRARY_PATH not in shells
    if providers(facts) and not reached:
        # The Python API's link is enough for the subject's own; others are promised the path by being named.
        ours = {}
    for name, unit in {**ours, **told}.items():
        if reached or list(unit_values(unit)) or _finds_by_itself(unit):
            yield Fine(name)
        else:
            ran = (text_of(unit).strip() or "a service of the machine, named in the settings").splitlines()[0]
            yield Problem(name, f"{LD_LIBRARY_PATH} is set for shells only; this service starts without it", ran)


def _finds_by_itself(unit: Unit) -> bool:
    """Whether a service sets the path where evaluation does not see it, or runs a program that needs none."""
    text = text_of(unit)
    logs_in = last(unit, "EnvironmentFile") or last(unit, "PAMName")
    return bool(LD_LIBRARY_PATH in text or logs_in or re.search(r"-wrapped\b", text))
