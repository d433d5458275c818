"""Do the rules find the NPU's nodes, and nothing else?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.options import own_options
from rknn_validation.checks.configuration.registry import ALL_STACKS, CONFIGURATION_CHECKS
from rknn_validation.checks.configuration.udev import outcomes, rules_of, scripts, sets_access, unread
from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed, skipped
from rknn_validation.facts.difference import part
from rknn_validation.facts.library.packages import runtime_packages, toolkit_packages
from rknn_validation.facts.library.search import path_settings
from rknn_validation.facts.model import Facts
from rknn_validation.facts.text.udevdevices import NPU_DEVICES, OTHER_DEVICES, VENDOR_RENDER, Device
from rknn_validation.facts.text.udevrules import Rule
from rknn_validation.facts.text.udevrun import Match, Outcome, run, why_not


def _names_npu(rule: Rule) -> bool:
    return bool(re.search(r"rknpu|rknn|\bnpu\b|accel|rocket|fdab0000", rule.text, re.IGNORECASE))


@CONFIGURATION_CHECKS.check(
    "udev.npu-node-has-a-rule",
    stage="udev",
    title="a rule says who may open the NPU",
    remedy='Vendor: SUBSYSTEM=="misc", KERNEL=="rknpu" and SUBSYSTEM=="drm", KERNEL=="renderD*", DRIVERS=="RKNPU". '
    'Mainline: SUBSYSTEM=="accel", KERNEL=="accel*". Set GROUP="render", MODE="0660".',
)
def node_has_a_rule(facts: Facts) -> Answer:
    """Without one, /dev/rknpu and accel0 stay root's alone, and the render node is everybody's."""
    found = [one for one in outcomes(facts) if one.gives_access]
    if found:
        return passed("; ".join(sorted({f"{one.device.node}: {_access(one)}" for one in found})))
    by_hand = list(_by_other_means(facts))
    if by_hand:
        return passed("access is set without udev", *by_hand)
    if unread(facts):
        names = ", ".join(one.name for one in unread(facts))
        return inconclusive(f"the text of {names} is made by a build; nothing else gives access to the NPU")
    if not rules_of(facts) and not _promises_access(facts):
        return skipped("the subject brings the driver alone; who may open it is left to the machine")
    devices = NPU_DEVICES[facts.scenario.stack]
    missed = [_why(rule, devices) for rule in rules_of(facts) if sets_access(rule) and _names_npu(rule)]
    if (
        facts.scenario.stack == "mainline"
        and not missed
        and not _has_option(facts, "group|mode|permission|access|udev")
    ):
        # Members of group render are let in by that rule; any other group would take one of the subject's.
        return skipped("left to systemd's own rule for accel nodes: group render, and open to everybody")
    nodes = ", ".join(sorted({device.node for device in devices}))
    return failed(f"no rule of the subject applies to {nodes}: only root can open it, or everybody", *missed)


def _promises_access(facts: Facts) -> bool:
    """Whether the subject is for programs that use the NPU: it brings a library, or an option about the node."""
    asks = _has_option(facts, "group|mode|user|permission|access|udev")
    return asks or bool(runtime_packages(facts) or toolkit_packages(facts) or path_settings(facts))


def _has_option(facts: Facts, words: str) -> bool:
    last = {option.path.rsplit(".", 1)[-1].lower() for option in own_options(facts)}
    return any(re.search(words, name) for name in last)


def _access(outcome: Outcome) -> str:
    owner = outcome.owner.value if outcome.owner else "root"
    group = outcome.group.value if outcome.group else outcome.device.group
    return f"{owner}:{group} {outcome.mode_bits:04o}"


def _why(rule: Rule, devices: tuple[Device, ...]) -> Evidence:
    nearest = min((why_not(rule, device) for device in devices), key=len)
    missed = ", ".join(map(str, nearest)) or "its parent matches are met only by different devices"
    return Evidence(rule.where, f"{rule.text}\n    never true for the NPU: {missed}")


_NODE = r"/dev/(rknpu|accel|dri)\b"


def _by_other_means(facts: Facts) -> Iterator[Evidence]:
    ours = part(facts)
    for line in ours.tmpfiles:
        if re.match(r"[zZaA]", line) and re.search(_NODE, line):
            yield Evidence("systemd.tmpfiles.rules", line)
    scripts = {**ours.activation_scripts, **{name: unit.script for name, unit in ours.units.items()}}
    for name, text in scripts.items():
        for line in text.splitlines():
            if re.search(r"\b(chgrp|chown|chmod|setfacl)\b", line) and re.search(_NODE, line):
                yield Evidence(name, line.strip())


@CONFIGURATION_CHECKS.check(
    "udev.rules-find-the-npu",
    stage="udev",
    title="every rule written for the NPU applies to it",
    remedy='The vendor driver binds as DRIVERS=="RKNPU" (capitals) below SUBSYSTEM=="drm"; its misc device has no '
    "parents. "
    'accel0 hangs below KERNELS=="rknn", which no driver binds. Render nodes have no fixed number: match the driver.',
)
def rules_find_the_npu(facts: Facts) -> Answer:
    """A rule that names a node of the stack and matches none of them is dead: that node keeps its default access."""
    devices = NPU_DEVICES[facts.scenario.stack]
    meant = [rule for rule in rules_of(facts) if sets_access(rule)]
    dead: list[Evidence] = []
    for group in ((device,) for device in devices if device not in VENDOR_RENDER):
        dead += _dead(meant, group)
    if facts.scenario.stack == "vendor":
        dead += _dead(meant, VENDOR_RENDER)
    if dead:
        return failed("a rule meant for the NPU never applies to it", *dead)
    if not any(_names_npu(rule) for rule in meant):
        return skipped("no rule of the subject names the NPU")
    return passed("each node a rule speaks of is met by one")


def _dead(rules: list[Rule], devices: tuple[Device, ...]) -> Iterator[Evidence]:
    meant = [rule for rule in rules if _means(rule, devices[0])]
    for device in devices:
        outcome = run(rules, device)
        if meant and not any(rule in [applied for applied, _ in outcome.rules] for rule in meant):
            yield from (_why(rule, (device,)) for rule in meant)
            return


def _means(rule: Rule, device: Device) -> bool:
    """Whether a rule speaks of this kind of device and of the NPU, whatever else it gets wrong."""
    asked = {token.key: token.value for token in rule.tokens if token.operator == "=="}
    kernel, subsystem = asked.get("KERNEL", ""), asked.get("SUBSYSTEM", "")
    if device.subsystem == "drm":
        return ("renderD" in kernel or subsystem == "drm") and "card" not in kernel and _names_npu(rule)
    if device.subsystem == "accel":
        return kernel.startswith("accel") or subsystem == "accel"
    return kernel in {"rknpu", "rknpu*", "rknpu?*"} or (subsystem == "misc" and "rknpu" in kernel.split("|"))


@CONFIGURATION_CHECKS.check(
    "udev.rules-touch-the-npu-only",
    stage="udev",
    title="the rules leave every other device alone",
    remedy='Match the NPU by driver, not by number: SUBSYSTEM=="drm", KERNEL=="renderD*", DRIVERS=="RKNPU".',
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def touch_the_npu_only(facts: Facts) -> Answer:
    """A rule without the driver gives the GPU, or every misc device, the NPU's owner and mode."""
    rules = rules_of(facts)
    if not rules:
        return skipped("the subject adds no udev rules")
    found: dict[str, Evidence] = {}
    for device in OTHER_DEVICES:
        for rule, match in run(rules, device).rules:
            if match is Match.YES and sets_access(rule) and _changes(rule, device) and not _is_plain_other(rule):
                found.setdefault(
                    rule.where, Evidence(rule.where, f"{rule.text}\n    also applies to {device.node} ({device.title})")
                )
    if found:
        return failed("a rule meant for the NPU changes who may open other devices", *found.values())
    return passed(f"none of the {len(rules)} rules applies to another device")


def _changes(rule: Rule, device: Device) -> bool:
    modes, groups = rule.values("MODE"), rule.values("GROUP")
    if groups and groups[-1] != device.group:
        return True
    # A card node for the group it has anyway, a bit wider or narrower, is somebody's choice about displays.
    mode = int(modes[-1], 8) if modes and re.fullmatch("[0-7]+", modes[-1]) else device.mode
    return mode != device.mode and not device.kernel.startswith("card")


def _is_plain_other(rule: Rule) -> bool:
    """A rule that names another device outright (`KERNEL=="uinput"`) means it."""
    return any(
        token.key in {"KERNEL", "SUBSYSTEM"}
        and token.operator == "=="
        and token.value in {"uinput", "mmcblk0", "block"}
        for token in rule.tokens
    )


@CONFIGURATION_CHECKS.check(
    "udev.no-alias-takes-the-npu-s-name",
    stage="udev",
    title="/dev/rknpu is the device and not a link",
    remedy="Remove the SYMLINK: the runtime finds the render node by itself, and takes /dev/rknpu for the misc device.",
    stacks=("vendor",),
)
def no_alias(facts: Facts) -> Answer:
    """The runtime speaks the misc device's ioctls to whatever /dev/rknpu is: `hw_version = -1`."""
    links = [
        Evidence(setting.rule.where, setting.rule.text)
        for device in (*VENDOR_RENDER, *OTHER_DEVICES)
        for setting in run(rules_of(facts), device).symlinks
        if setting.value == "rknpu"
    ]
    if links:
        return failed("/dev/rknpu would be a link to a render node, which the runtime cannot use", links[0])
    made = [line for line in part(facts).tmpfiles if re.match(r"L\S*\s+/dev/rknpu\b", line)]
    made += [line.strip() for _, line in scripts(facts) if re.search(r"\bln\s+-\w+\s+\S+\s+/dev/rknpu\b", line)]
    if made:
        return failed(
            "/dev/rknpu would be a link to a render node, which the runtime cannot use", Evidence("link", made[0])
        )
    return passed("nothing links to /dev/rknpu")
