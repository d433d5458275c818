"""Are services put together so that they can work: type, sandbox, access to the device?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import ALL_STACKS, CONFIGURATION_CHECKS
from rknn_validation.checks.configuration.udev import outcomes
from rknn_validation.checks.configuration.units import asked_for, commands, is_on, last, own_services, services
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.difference import part
from rknn_validation.facts.kernel.drivers import configured_flavour
from rknn_validation.facts.library.placed import providers
from rknn_validation.facts.library.search import unit_values
from rknn_validation.facts.model import Facts
from rknn_validation.facts.text import shell
from rknn_validation.nix.configuration import Unit
from rknn_validation.npu.stacks import LD_LIBRARY_PATH

_TYPES = {"simple", "exec", "forking", "oneshot", "dbus", "notify", "notify-reload", "idle"}
_TOOLS = re.compile(
    r"/bin/(modprobe|insmod|udevadm|ln|mkdir|chmod|chown|chgrp|echo|test|sh|bash|true|install|cp|rm|systemctl|find|cat)\b"
)


def text_of(unit: Unit) -> str:
    """All that a service runs, as text."""
    return "\n".join((*(command for _, command in commands(unit)), unit.script))


def consumers(facts: Facts) -> dict[str, Unit]:
    """The subject's services that use the NPU themselves: long-running, and no mere helper program."""
    return {
        name: unit
        for name, unit in own_services(facts).items()
        if last(unit, "Type") != "oneshot" and text_of(unit).strip() and not _is_helper(unit)
    }


def _is_helper(unit: Unit) -> bool:
    ran = [command for key, command in commands(unit) if key == "ExecStart"]
    return bool(ran) and all(_TOOLS.search(command.split()[0]) for command in ran)


@CONFIGURATION_CHECKS.check(
    "units.type-fits",
    stage="units",
    title="systemd accepts the service's type, restart and stop",
    remedy="A oneshot takes Restart=no or on-failure; where something happens at the end, add RemainAfterExit=true.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def type_fits(facts: Facts) -> Answer:
    """systemd refuses some combinations and runs ExecStop of a plain oneshot at once."""
    ours = services(facts)
    wrong = [Evidence(name, why) for name, unit in ours.items() for why in _misfits(unit)]
    if wrong:
        return failed("the service does not work as written", *wrong)
    return passed(f"{len(ours)} services") if ours else skipped("the subject adds no service")


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


@CONFIGURATION_CHECKS.check(
    "units.sandbox-lets-the-npu-in",
    stage="units",
    title="services that use the NPU can open it",
    remedy="Leave PrivateDevices off, name the node in DeviceAllow, and give the service SupplementaryGroups=render.",
)
def sandbox_lets_in(facts: Facts) -> Answer:
    """PrivateDevices and DevicePolicy hide /dev; a service user without the group gets EACCES."""
    ours = {**consumers(facts), **_jobs(facts)}
    wrong = [Evidence(name, why) for name, unit in ours.items() for why in _shut_out(unit, facts)]
    if wrong:
        return failed("the service cannot open the NPU", *wrong)
    return passed(f"{len(ours)} services") if ours else skipped("the subject adds no service that uses the NPU")


def _jobs(facts: Facts) -> dict[str, Unit]:
    """The subject's oneshots that run a program which speaks of the NPU."""
    return {
        name: unit
        for name, unit in own_services(facts).items()
        if last(unit, "Type") == "oneshot"
        and any(commands(unit))
        and not _is_helper(unit)
        and speaks_of_npu(name, unit)
    }


_NPU = re.compile(r"rknn|rknpu|rkllm|teflon|tflite|(?<![a-z])npu(?![a-z])", re.IGNORECASE)


def speaks_of_npu(name: str, unit: Unit) -> bool:
    """Whether a unit's name, commands or environment name the NPU or its libraries."""
    return any(_NPU.search(text) for text in (name, text_of(unit), *unit.environment, *unit.environment.values()))


_DEVICES = {
    "vendor": r"/dev/(?:rknpu\S*|dri\S*)|char-(?:misc|drm|rknpu)\b",
    "mainline": r"/dev/accel\S*|char-accel\b",
}
_ANY_DEVICE = r"|char-\*|/dev/\*?(?:\s|$)"


def _shut_out(unit: Unit, facts: Facts) -> Iterator[str]:
    service = unit.sections.get("Service", {})
    if is_on(last(unit, "PrivateDevices")):
        yield "PrivateDevices=true: its /dev has null and zero and no NPU"
    allowed = [value for value in service.get("DeviceAllow", ()) if value]
    policy = last(unit, "DevicePolicy")
    named = [value for value in allowed if re.match(_DEVICES[facts.scenario.stack] + _ANY_DEVICE, value)]
    if (allowed or policy in {"closed", "strict"}) and not named:
        yield f"DeviceAllow={' '.join(allowed) or '(none)'} does not name the NPU"
    elif named and all(re.search(r"\s[rm]+$", value) for value in named):
        yield f"DeviceAllow={' '.join(named)} lets it read only; the NPU is opened for reading and writing"
    elif named and policy != "auto" and (missed := _other_node(facts, named)):
        yield f"DeviceAllow={' '.join(named)} does not name {missed}, which is the node here"
    if facts.scenario.stack == "vendor" and last(unit, "ProcSubset") == "pid":
        yield "ProcSubset=pid: the runtime reads /proc/device-tree to tell which chip it runs on, and finds nothing"
    account = last(unit, "User")
    if is_on(last(unit, "DynamicUser")) or (account and account != "root"):
        groups = [
            word for key in ("SupplementaryGroups", "Group") for value in service.get(key, ()) for word in value.split()
        ]
        if not groups and is_on(last(unit, "DynamicUser")):
            yield "DynamicUser=true without SupplementaryGroups=: its user is in no group that may open the NPU"


def _other_node(facts: Facts, allowed: list[str]) -> str | None:
    """The one kind of node the subject's rules open, where a list of allowed devices has only the other kind."""
    if facts.scenario.stack != "vendor":
        return None
    opened = {one.device.node == "/dev/rknpu" for one in outcomes(facts) if one.gives_access}
    flavour = configured_flavour(facts)
    if flavour:
        # The rules may be for either; the driver makes one.
        opened = {flavour == "DMA_HEAP"}
    if opened == {True} and all(re.match(r"/dev/dri|char-drm", value) for value in allowed):
        return "/dev/rknpu"
    if opened == {False} and all(re.match(r"/dev/rknpu|char-(misc|rknpu)", value) for value in allowed):
        return "/dev/dri"
    return None


@CONFIGURATION_CHECKS.check(
    "units.sandbox-lets-helpers-work",
    stage="units",
    title="helpers may do what they are there for",
    remedy="Drop ProtectKernelModules from a unit that loads a module, and ProtectSystem from one that writes to /usr.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def helpers_can_work(facts: Facts) -> Answer:
    """modprobe needs CAP_SYS_MODULE; a link in /usr/lib needs a writable /usr."""
    wrong = []
    for name, unit in services(facts).items():
        text = text_of(unit)
        if re.search(r"\b(modprobe|insmod)\b", text) and is_on(last(unit, "ProtectKernelModules")):
            wrong.append(Evidence(name, "ProtectKernelModules=true, and it loads a module"))
        protects = last(unit, "ProtectSystem")
        writes = [link.line for link in shell.links(text) if link.path.startswith("/usr/")]
        if writes and protects in {"true", "full", "strict", "yes", "1"} and "/usr" not in _writable(unit):
            wrong.append(Evidence(name, f"ProtectSystem={protects}, and it writes: {writes[0]}"))
    if wrong:
        return failed("the unit's own sandbox keeps it from its work", *wrong)
    return passed("no helper is in its own way")


def _writable(unit: Unit) -> str:
    return " ".join(unit.sections.get("Service", {}).get("ReadWritePaths", ()))


@CONFIGURATION_CHECKS.check(
    "library.services-find-the-runtime",
    stage="units",
    title="the subject's own services find the runtime",
    remedy="Set systemd.services.<name>.environment.LD_LIBRARY_PATH: services read neither shells' nor PAM's settings.",
    stacks=("vendor",),
)
def services_find_it(facts: Facts) -> Answer:
    """environment.variables reach shells; a service starts without them."""
    told = {name: unit for name, unit in services(facts).items() if name in asked_for(facts)}
    ours = {
        name: unit for name, unit in consumers(facts).items() if re.search(r"rknn|rknpu|npu|rkllm", text_of(unit), re.I)
    }
    if not ours and not told:
        return skipped("the subject adds no service that uses the NPU")
    shells = {**part(facts).variables, **part(facts).session_variables}
    if LD_LIBRARY_PATH in part(facts).global_environment or LD_LIBRARY_PATH not in shells:
        return passed("services get the path, or do not depend on it")
    if providers(facts):
        # The Python API's link is enough for the subject's own; others are promised the path by being named.
        ours = {}
    ours = {**ours, **told}
    lost = [
        Evidence(name, (text_of(unit).strip() or "a service of the machine, named in the settings").splitlines()[0])
        for name, unit in ours.items()
        if not list(unit_values(unit))
        and LD_LIBRARY_PATH not in text_of(unit)
        and not last(unit, "EnvironmentFile")
        and "-wrapped" not in text_of(unit)
        and "PAMName" not in unit.sections.get("Service", {})
    ]
    if lost:
        return failed(f"{LD_LIBRARY_PATH} is set for shells only; this service starts without it", *lost)
    return passed(", ".join(ours))
