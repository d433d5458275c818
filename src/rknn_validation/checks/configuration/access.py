"""Who may open the NPU: not every user, but the users that need it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.options import name_in, own_options
from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Aside, Fine, Problem
from rknn_validation.facts.access import access_given_to_all, memberships
from rknn_validation.facts.contribution import is_npu_module
from rknn_validation.facts.devnodes import devnodes, outcomes
from rknn_validation.facts.library.clients import closed_to_owners
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import OptionDeclaration

_KINDS = ("group", "mode")


def access_options(facts: Facts) -> tuple[tuple[OptionDeclaration, str, str], ...]:
    """(option, `group` or `mode`, its value in the scenario) of the options about the devnode's access."""
    found = []
    for option in own_options(facts):
        name = option.path.rsplit(".", 1)[-1].lower()
        kind = next((kind for kind in _KINDS if name in {kind, f"device{kind}", f"npu{kind}", f"access{kind}"}), None)
        value = _value(facts, name_in(facts, option), option.default)
        if kind and isinstance(value, str):
            found.append((option, kind, value))
    return tuple(found)


def _value(facts: Facts, name: str, default: object) -> object:
    value: object = facts.scenario.settings
    for key in name.split("."):
        if not isinstance(value, dict) or key not in value:
            return default
        value = value[key]
    return value


_UNSET = "the subject does not set the access of an NPU devnode"


@check(
    "access.not-world-writable",
    "The NPU is not world-writable",
    remedy='Set MODE="0660" and GROUP="render", and add the users and services that need the NPU to that group.',
    nothing=_UNSET,
)
def not_world_writable(facts: Facts) -> Iterator[Problem | Fine]:
    """The vendor driver exchanges kernel pointers with its clients: with 0666 every process can attack the kernel."""
    what = "every process on the machine can use the driver"
    for one in devnodes(facts):
        mode = one.outcome.mode
        if mode and one.mode & 0o002:
            yield Problem(mode.rule.where, what, f"{mode.rule.text}\n    {one.path} ends with mode {one.mode:04o}")
        elif one.outcome.gives_access:
            yield Fine(str(one))
    for where, text in access_given_to_all(facts):
        yield Problem(where, what, text)


@check(
    "access.group-has-permission",
    "The devnode's group may read and write it",
    remedy='Set MODE="0660" in the rule, so that the group may read and write.',
    nothing=_UNSET,
)
def group_can_open(facts: Facts) -> Iterator[Problem | Fine]:
    """A rule that sets a group and gives it no permission lets nobody in."""
    for one in devnodes(facts):
        made = one.outcome
        if made.owner or made.is_tagged or not made.gives_access:
            if made.gives_access:
                yield Fine(str(one))
        elif made.group and made.group.value != "root" and not one.mode & 0o040:
            rule = (made.mode or made.group).rule
            yield Problem(rule.where, "the devnode's group has no permission on it", str(one))
        elif made.mode and not one.mode & 0o006 and one.group == "root":
            what = "the devnode belongs to group root: only root can open it"
            yield Problem(made.mode.rule.where, what, f"{one.path}: {made.mode.rule.text}")
        else:
            yield Fine(str(one))


@check(
    "access.users-in-device-group",
    "Users of the NPU are in the devnode's group",
    remedy="Add the users to the group of the udev rule (users.groups.render.members).",
    nothing="the subject puts nobody into video or render",
    needs=("baseline",),
)
def people_in_group(facts: Facts) -> Iterator[Problem | Fine | Aside]:
    """Members of video can open cameras and displays, but not a devnode of another group.

    Users with the NPU's API in their own packages are expected to use it as well.
    """
    for where, name, shut in closed_to_owners(facts):
        yield Problem(where, "a user with the NPU's API cannot open the NPU", f"{name}; {shut}")
    given = [one for one in devnodes(facts) if one.outcome.gives_access]
    groups = {one.group for one in given if one.outcome.group}
    if not groups or any(one.mode & 0o006 or one.outcome.is_tagged or one.outcome.owner for one in given):
        yield Aside("the subject does not limit the devnode to a group")
        return
    if not is_npu_module(facts):
        yield Aside("on a whole machine, users are in video or render for displays as well")
        return
    after, before = memberships(facts.configuration), memberships(facts.without)
    for name, own in after.items():
        user = facts.configuration.users.get(name)
        # A system user may get the group from its unit, and be in video for another reason.
        let_in = (own - before.get(name, set())) & {"video", "render"}
        if not let_in or user is None or user.is_system:
            continue
        if own & groups:
            yield Fine(f"users.users.{name}", ", ".join(sorted(own)))
        else:
            seen = f"in {', '.join(sorted(own))}; the devnode's group is {', '.join(sorted(groups))}"
            yield Problem(f"users.users.{name}", "a user of the NPU cannot open it", seen)


@check(
    "access.options-take-effect",
    "The group and mode options apply to the devnode",
    remedy='Use the options in the rule: GROUP="${cfg.group}", MODE="${cfg.mode}".',
    nothing="the subject has no option for the devnode's group or mode",
)
def options_reach(facts: Facts) -> Iterator[Problem | Fine | Aside]:
    """An option that the rule does not use has no effect on the devnode."""
    given = [one for one in outcomes(facts) if one.gives_access]
    for option, kind, value in access_options(facts):
        settings = [setting for one in given if (setting := one.group if kind == "group" else one.mode)]
        if not given:
            yield Aside("no rule sets access")
        elif settings and all(not _same(kind, setting.value, value) for setting in settings):
            seen = f"{value!r}, but {settings[0].rule.where} sets {settings[0].rule.text}"
            yield Problem(option.path, "the option has no effect on the devnode", seen)
        else:
            yield Fine(option.path, value)


def _same(kind: str, seen: str, wanted: str) -> bool:
    if kind == "mode" and re.fullmatch("[0-7]+", seen) and re.fullmatch("[0-7]+", wanted):
        return int(seen, 8) == int(wanted, 8)
    return seen == wanted
