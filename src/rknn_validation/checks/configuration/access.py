"""Who may open the NPU: nobody too many, and those who are meant to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.options import name_in, own_options
from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.configuration.udev import outcomes, rules_of, scripts
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.difference import baseline, part
from rknn_validation.facts.model import Facts
from rknn_validation.facts.text import tmpfiles
from rknn_validation.nix.configuration import Configuration

NODE = r"/dev/(?:rknpu\S*|accel\S*|dri/\S+|dri\b)"
_WIDE = r"(?:0?[0-7]?[0-7]{2}[2367]|a\+\S*w\S*|o\+\S*w\S*|ugo\+\S*w\S*|\+\S*w\S*|a=\S*w\S*|o=\S*w\S*)"


@CONFIGURATION_CHECKS.check(
    "access.npu-is-not-world-writable",
    stage="access",
    title="not every user may open the NPU",
    remedy='Set MODE="0660" and GROUP="render", and add the users and services that need the NPU to that group.',
)
def not_world_writable(facts: Facts) -> Answer:
    """The vendor driver hands out and dereferences kernel pointers: 0666 opens the kernel to every process."""
    wide = [
        Evidence(one.mode.rule.where, f"{one.mode.rule.text}\n    {one.device.node} ends with mode {one.mode_bits:04o}")
        for one in outcomes(facts)
        if one.mode and one.mode_bits & 0o002
    ]
    wide += _wide_by_hand(facts)
    if wide:
        return failed("every process on the machine may talk to the driver", *wide)
    modes = sorted({f"{one.device.node} {one.mode_bits:04o}" for one in outcomes(facts) if one.gives_access})
    if not modes:
        return skipped("the subject does not set the access of an NPU node")
    return passed(", ".join(modes))


def _wide_by_hand(facts: Facts) -> Iterator[Evidence]:
    for text in part(facts).tmpfiles:
        entry = tmpfiles.parse(text)
        if isinstance(entry, tmpfiles.Line) and re.match(NODE, entry.path) and _opens_to_others(entry.mode):
            yield Evidence("systemd.tmpfiles.rules", text)
    for where, line in scripts(facts):
        if re.search(rf"\bchmod\s+(?:-\w+\s+)*{_WIDE}\s+[^;&|]*{NODE}", line):
            yield Evidence(where, line.strip())
        if re.search(rf"\bmknod\s+(?:-m\s*|--mode=){_WIDE}\s+{NODE}", line):
            yield Evidence(where, line.strip())
    for rule in rules_of(facts):
        for program in (*rule.values("RUN"), *rule.values("PROGRAM")):
            if re.search(rf"\bchmod\s+(?:-\w+\s+)*{_WIDE}(?:\s|$)", program):
                yield Evidence(rule.where, rule.text)


def _opens_to_others(mode: str) -> bool:
    digits = mode.strip(":~")
    return bool(re.fullmatch("[0-7]+", digits)) and bool(int(digits, 8) & 0o002)


@CONFIGURATION_CHECKS.check(
    "access.group-can-open-the-npu",
    stage="access",
    title="the group a rule names can use the node",
    remedy='Give the group read and write: MODE="0660".',
)
def group_can_open(facts: Facts) -> Answer:
    """A rule that hands the node to a group and gives that group no permission lets nobody in."""
    shut = [
        Evidence((one.mode or one.group).rule.where, f"{one.device.node}: group {one.group.value}, {one.mode_bits:04o}")
        for one in outcomes(facts)
        if one.group and one.group.value != "root" and not one.mode_bits & 0o040 and not one.owner and not one.is_tagged
    ]
    alone = [
        Evidence(one.mode.rule.where, f"{one.device.node}: {one.mode.rule.text}")
        for one in outcomes(facts)
        if one.mode
        and not one.owner
        and not one.is_tagged
        and not one.mode_bits & 0o006
        and (one.group.value if one.group else one.device.group) == "root"
    ]
    if shut:
        return failed("the group owns the node but has no permission on it", *shut)
    if alone:
        return failed("the node belongs to group root: no service or user but root can open it", *alone)
    if not any(one.gives_access for one in outcomes(facts)):
        return skipped("the subject does not set the access of an NPU node")
    return passed("the group may open the node")


@CONFIGURATION_CHECKS.check(
    "access.people-are-in-the-node-s-group",
    stage="access",
    title="people the subject lets in are in the node's group",
    remedy="Put them into the group of the udev rule (users.groups.render.members).",
)
def people_in_group(facts: Facts) -> Answer:
    """Members of video may open cameras and displays; the node of another group stays shut to them."""
    given = [one for one in outcomes(facts) if one.gives_access]
    groups = {one.group.value for one in given if one.group}
    if not groups or any(one.mode_bits & 0o006 or one.is_tagged or one.owner for one in given):
        return skipped("the subject does not keep the node to a group")
    after, before = _memberships(facts.configuration), _memberships(baseline(facts))
    let_in = {name: own for name, own in after.items() if (own - before.get(name, set())) & {"video", "render"}}
    # What runs as a system user may get its group from its unit, and is in video for something else.
    people = {name for name, user in facts.configuration.users.items() if not user.is_system}
    wrong = [
        Evidence(f"users.users.{name}", f"in {', '.join(sorted(own))}; the node's group is {', '.join(sorted(groups))}")
        for name, own in let_in.items()
        if name in people and not own & groups
    ]
    if wrong:
        return failed("who is meant to use the NPU may not open it", *wrong)
    return passed(", ".join(sorted(let_in))) if let_in else skipped("the subject puts nobody into video or render")


def _memberships(configuration: Configuration) -> dict[str, set[str]]:
    found = {user.name: {*user.groups, user.group} - {""} for user in configuration.users.values()}
    for name, group in configuration.groups.items():
        for member in group.members:
            found.setdefault(member, set()).add(name)
    return found


@CONFIGURATION_CHECKS.check(
    "access.options-reach-the-node",
    stage="access",
    title="the group and mode options are what the node gets",
    remedy='Use the option in the rule: GROUP="${cfg.group}", MODE="${cfg.mode}".',
)
def options_reach(facts: Facts) -> Answer:
    """An option that is read somewhere but not in the rule leaves the node as it was."""
    given = [one for one in outcomes(facts) if one.gives_access]
    told = [
        (option, kind, value)
        for option in own_options(facts)
        for kind in ("group", "mode")
        for value in (_value(facts, name_in(facts, option), option.default),)
        if option.path.rsplit(".", 1)[-1].lower() in {kind, f"device{kind}", f"npu{kind}", f"access{kind}"}
        and isinstance(value, str)
    ]
    if not told or not given:
        return skipped("the subject has no option for the node's group or mode" if given else "no rule sets access")
    wrong = []
    for option, kind, value in told:
        settings = [setting for one in given if (setting := one.group if kind == "group" else one.mode)]
        if settings and all(not _same(kind, setting.value, value) for setting in settings):
            wrong.append(Evidence(option.path, f"{value!r}, but {settings[0].rule.where} sets {settings[0].rule.text}"))
    if wrong:
        return failed("an option of the subject has no effect on the node it is about", *wrong)
    return passed(", ".join(f"{option.path} = {value}" for option, _, value in told))


def _same(kind: str, seen: str, wanted: str) -> bool:
    if kind == "mode" and re.fullmatch("[0-7]+", seen) and re.fullmatch("[0-7]+", wanted):
        return int(seen, 8) == int(wanted, 8)
    return seen == wanted


def _value(facts: Facts, name: str, default: object) -> object:
    value: object = facts.scenario.settings
    for key in name.split("."):
        if not isinstance(value, dict) or key not in value:
            return default
        value = value[key]
    return value
