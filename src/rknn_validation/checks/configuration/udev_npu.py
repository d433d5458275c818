"""Do the rules find the NPU's devnodes, and nothing else?"""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.access_options import access_options
from rknn_validation.checks.configuration.registry import ALL_STACKS, check
from rknn_validation.checks.configuration.udev import NO_RULES
from rknn_validation.checks.findings import Aside, Fine, Problem, Unsure
from rknn_validation.facts.devnodes import devnodes, links, unread_rules
from rknn_validation.facts.library.packages import runtime_packages, toolkit_packages
from rknn_validation.facts.library.search import path_settings
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nodeaccess import given_by_hand
from rknn_validation.facts.npumodule import is_npu_module
from rknn_validation.facts.npupart import npu_rules
from rknn_validation.facts.services import consumers, may_open
from rknn_validation.facts.text.udevdevices import NPU_DEVICES, OTHER_DEVICES, Device
from rknn_validation.facts.text.udevrules import Rule
from rknn_validation.facts.text.udevrun import Match, run, why_not
from rknn_validation.npu.about import about_npu


@check(
    "udev.npu-node-has-a-rule",
    stage="udev",
    title="a rule says who may open the NPU",
    remedy='Vendor: SUBSYSTEM=="misc", KERNEL=="rknpu" and SUBSYSTEM=="drm", DRIVERS=="RKNPU". '
    'Mainline: SUBSYSTEM=="accel", KERNEL=="accel*". Set GROUP="render", MODE="0660".',
)
def node_has_a_rule(facts: Facts) -> Iterator[Problem | Unsure | Fine | Aside]:
    """Without one, /dev/rknpu stays root's alone, the card node video's, and render and accel nodes everybody's."""
    given = [Fine(str(one)) for one in devnodes(facts) if one.outcome.gives_access]
    given += [Fine(where, seen) for where, seen in given_by_hand(facts)]
    used = consumers(facts) if not is_npu_module(facts) else {}
    if used and all(may_open(facts, unit) for unit in used.values()):
        # A machine's own services need no more than that.
        given += [Fine(name, "may open it without a rule") for name in used]
    if given:
        yield from given
        return
    if unread := unread_rules(facts):
        names = ", ".join(one.name for one in unread)
        yield Unsure(names, f"the text of {names} is made by a build; nothing else gives access to the NPU")
        return
    if not npu_rules(facts) and not _promises_access(facts):
        yield Aside("the subject brings the driver alone; who may open it is left to the machine")
        return
    missed = [rule for rule in npu_rules(facts) if rule.sets_access and about_npu(rule.text)]
    asked = [value for _, kind, value in access_options(facts) if (kind, value) != ("group", "render")]
    if facts.scenario.stack == "mainline" and not missed and not asked:
        # Members of group render are let in by that rule; any other group would take one of the subject's.
        yield Aside("left to systemd's own rule for accel nodes: group render, and open to everybody")
        return
    nodes = ", ".join(sorted({one.path for one in devnodes(facts)}))
    what = f"no rule of the subject applies to {nodes}: only root can open it, or everybody"
    yield from (Problem(rule.where, what, _why(rule, NPU_DEVICES[facts.scenario.stack])) for rule in missed)
    if not missed:
        yield Problem("services.udev", what)


def _promises_access(facts: Facts) -> bool:
    """Whether the subject is for programs that use the NPU: it brings a library, or an option about the node."""
    brings = runtime_packages(facts) or toolkit_packages(facts) or path_settings(facts)
    return bool(brings or access_options(facts))


def _why(rule: Rule, devices: tuple[Device, ...]) -> str:
    nearest = min((why_not(rule, device) for device in devices), key=len)
    missed = ", ".join(map(str, nearest)) or "its parent matches are met only by different devices"
    return f"{rule.text}\n    never true for the NPU: {missed}"


@check(
    "udev.rules-find-the-npu",
    stage="udev",
    title="every rule written for the NPU applies to it",
    remedy='The vendor driver binds as DRIVERS=="RKNPU" (capitals) below SUBSYSTEM=="drm"; its misc device has no '
    "parents. "
    'accel0 hangs below KERNELS=="rknn", which no driver binds. Render nodes have no fixed number: match the driver.',
    nothing="no rule of the subject names the NPU",
)
def rules_find_the_npu(facts: Facts) -> Iterator[Problem | Fine]:
    """A rule that names a node of the stack and matches none of them is dead: that node keeps its default access."""
    meant = [rule for rule in npu_rules(facts) if rule.sets_access]
    for kind in ("misc", "card", "renderD", "accel"):
        devices = [one for one in NPU_DEVICES[facts.scenario.stack] if _kind(one) == kind]
        yield from _dead([rule for rule in meant if _means(rule, kind)], devices)
    yield from (Fine(rule.where, rule.text) for rule in meant if about_npu(rule.text))


def _kind(device: Device) -> str:
    return device.kernel.rstrip("0123456789") if device.subsystem == "drm" else device.subsystem


def _dead(rules: list[Rule], devices: list[Device]) -> Iterator[Problem]:
    """Problems of rules where none of them applies to a device, whichever number it gets."""
    for device in devices if rules else ():
        applied = [rule for rule, _ in run(rules, device).rules]
        if not applied:
            for rule in rules:
                yield Problem(rule.where, "a rule meant for the NPU never applies to it", _why(rule, (device,)))
            return


def _means(rule: Rule, kind: str) -> bool:
    """Whether a rule speaks of this kind of device and of the NPU, whatever else it gets wrong."""
    asked = {token.key: token.value for token in rule.tokens if token.operator == "=="}
    kernel, subsystem = asked.get("KERNEL", ""), asked.get("SUBSYSTEM", "")
    if kind == "accel":
        return kernel.startswith("accel") or subsystem == "accel"
    if kind == "misc":
        return kernel in {"rknpu", "rknpu*", "rknpu?*"} or (subsystem == "misc" and "rknpu" in kernel.split("|"))
    if not about_npu(rule.text):
        return False
    if kind == "card":
        return "card" in kernel and "renderD" not in kernel
    return "renderD" in kernel or (subsystem == "drm" and "card" not in kernel)


@check(
    "udev.rules-touch-the-npu-only",
    stage="udev",
    title="the rules leave every other device alone",
    remedy='Match the NPU by driver, not by number: SUBSYSTEM=="drm", DRIVERS=="RKNPU".',
    nothing=NO_RULES,
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def touch_the_npu_only(facts: Facts) -> Iterator[Problem | Fine]:
    """A rule without the driver gives the GPU, or every misc device, the NPU's owner and mode."""
    # A rule that happens to apply to the NPU as well is somebody's choice about render nodes.
    rules = [rule for rule in npu_rules(facts) if is_npu_module(facts) or about_npu(rule.text)]
    for device in OTHER_DEVICES:
        for rule, match in run(rules, device).rules:
            if match is Match.YES and rule.sets_access and _changes(rule, device) and not _means_another(rule):
                what = "a rule meant for the NPU changes who may open other devices"
                yield Problem(rule.where, what, f"{rule.text}\n    also applies to {device.node} ({device.title})")
    yield from (Fine(rule.where) for rule in rules)


def _changes(rule: Rule, device: Device) -> bool:
    modes, groups = rule.values("MODE"), rule.values("GROUP")
    if groups and groups[-1] != device.group:
        return True
    # A card node for the group it has anyway, a bit wider or narrower, is somebody's choice about displays.
    mode = int(modes[-1], 8) if modes and modes[-1].isdigit() else device.mode
    return mode != device.mode and not device.kernel.startswith("card")


def _means_another(rule: Rule) -> bool:
    """Whether a rule names another device outright (`KERNEL=="uinput"`), and so means it."""
    named = {device.kernel for device in OTHER_DEVICES if device.subsystem != "drm"} | {"block"}
    return any(
        token.key in {"KERNEL", "SUBSYSTEM"} and token.operator == "==" and token.value in named
        for token in rule.tokens
    )


@check(
    "udev.no-alias-takes-the-npu-s-name",
    stage="udev",
    title="/dev/rknpu is the device and not a link",
    remedy="Remove the link: the runtime finds the DRM node by itself, and takes /dev/rknpu for the misc device.",
    stacks=("vendor",),
)
def no_alias(facts: Facts) -> Iterator[Problem | Fine]:
    """The runtime speaks the misc device's ioctls to whatever /dev/rknpu is: `hw_version = -1`."""
    made = links(facts).get("/dev/rknpu")
    if made:
        yield Problem(made, "/dev/rknpu would be a link to a render node, which the runtime cannot use")
    yield Fine("nothing links to /dev/rknpu")
