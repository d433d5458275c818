"""After a switch a node is what a boot of the same system would make it: nothing is left, lost or out of date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.checks.model import Answer, Evidence, Status, failed, inconclusive, passed
from rknn_validation.checks.node.question import BOTH_BOARDS
from rknn_validation.checks.node.transition.move import TRANSITION_CHECKS, Move
from rknn_validation.checks.node.units import UNLAID
from rknn_validation.npu.stacks import STACKS

EVERY_STACK = (*STACKS, "none")
NAMED = 3
"""Differences named in a reason; the evidence has all."""


@dataclass(frozen=True)
class Difference:
    """Something a switch left, lost, or left as it was. `before` is what a boot gives, `after` what the switch gave."""

    name: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.before:
            return f"{self.name} is left ({self.after})"
        if not self.after:
            return f"{self.name} is missing (after a boot: {self.before})"
        return f"{self.name} is {self.after}, after a boot {self.before}"


def differences(move: Move, topic: str) -> tuple[Difference, ...]:
    """What differs between the switched node and the booted one, by name."""
    before, after = move.booted[topic], move.after[topic]
    names = sorted({*before, *after})
    told = (name for name in names if name not in move.unlaid)
    found = (Difference(name, before.get(name, ""), after.get(name, "")) for name in told)
    return tuple(one for one in found if one.before != one.after)


def _judged(move: Move, found: tuple[Difference, ...], good: str) -> Answer:
    if not found:
        return passed(good, move.words)
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    reason = "; ".join(map(str, found[:NAMED]))
    return failed(f"{reason}{more}", Evidence("switched against booted", "\n".join(map(str, found))), move.words)


@TRANSITION_CHECKS.check(
    "transition.succeeds", stage="transition", title="does the switch itself succeed?", stacks=EVERY_STACK,
    boards=BOTH_BOARDS,
    remedy="a unit that needs the next boot's kernel says so and succeeds: tools that deploy roll back what fails",
)  # fmt: skip
def succeeds(move: Move) -> Answer:
    """The exit status of switch-to-configuration: 2 where activation failed, 4 where a unit did."""
    if move.status == 0:
        return passed("the switch succeeded", move.words)
    units = re.search(r"^warning: the following units failed: (.*)$", move.said, re.MULTILINE)
    if units and move.status == 4 and set(units[1].split()) <= set(move.unlaid):
        return inconclusive(UNLAID.format(units[1]), move.words)
    otherwise = "activation failed" if move.status == 2 else "a unit could not be started"
    what = f"failed: {units[1]}" if units else otherwise
    return failed(f"the switch ends with exit status {move.status}: {what}", move.words)


@TRANSITION_CHECKS.check(
    "transition.links", stage="transition", title="are links and files what a boot gives?", stacks=EVERY_STACK,
    boards=BOTH_BOARDS,
    remedy="make the link in a unit whose stop removes it: a tmpfiles rule that goes leaves its link behind",
)  # fmt: skip
def links(move: Move) -> Answer:
    """Links outside the store, files outside it and outside of programs' own state; with where links lead."""
    return _judged(move, differences(move, "links"), "links and files are those of a boot")


@TRANSITION_CHECKS.check(
    "transition.accounts", stage="transition", title="are users and groups what a boot gives?", stacks=EVERY_STACK,
    boards=BOTH_BOARDS, remedy="declare users and groups with users.users and users.groups, and make none by a script",
)  # fmt: skip
def accounts(move: Move) -> Answer:
    """Users, groups and their members."""
    return _judged(move, differences(move, "accounts"), "users and groups are those of a boot")


@TRANSITION_CHECKS.check(
    "transition.rules", stage="transition", title="are the rules of udev and modprobe what a boot gives?",
    stacks=EVERY_STACK, boards=BOTH_BOARDS,
    remedy="declare rules with services.udev and boot.extraModprobeConfig, and write none by a script",
)  # fmt: skip
def rules(move: Move) -> Answer:
    """Files of udev, modprobe and modules-load, below /etc and /run."""
    return _judged(move, differences(move, "rules"), "the rules are those of a boot")


@TRANSITION_CHECKS.check(
    "transition.variables", stage="transition", title="are environment variables what a boot gives?",
    stacks=EVERY_STACK, boards=BOTH_BOARDS,
    remedy="declare variables; what `systemctl set-environment` sets stays until the next boot",
)  # fmt: skip
def variables(move: Move) -> Answer:
    """Those of a login shell, and those of systemd."""
    return _judged(move, differences(move, "variables"), "the variables are those of a boot")


@TRANSITION_CHECKS.check(
    "transition.units", stage="transition", title="are units in the state a boot gives?", stacks=EVERY_STACK,
    boards=BOTH_BOARDS,
    remedy="see what the switch said: what has no wantedBy is not started, restartIfChanged = false keeps the old one",
)  # fmt: skip
def units(move: Move) -> Answer:
    """Units that are not systemd's own, by their state."""
    return _judged(move, differences(move, "units"), "the units are in the state of a boot")


@TRANSITION_CHECKS.check(
    "transition.drivers", stage="transition", title="is no driver left that a boot would not have?",
    stacks=EVERY_STACK, boards=BOTH_BOARDS,
    remedy="let a unit's preStop unload what boot.extraModulePackages brought: modprobe -r, restartIfChanged = false",
)  # fmt: skip
def drivers(move: Move) -> Answer:
    """Drivers of the NPU; where another kernel boots next, those that a configuration had added to the running one."""
    found = differences(move, "drivers")
    if not move.next_boot:
        return _judged(move, found, "the drivers are those of a boot")
    left = tuple(one for one in found if not one.before and one.name in move.drivers)
    waits = [one.name for one in found if one not in left]
    later = f"; {', '.join(waits)}: another kernel or device tree boots next" if waits else ""
    return _judged(move, left, f"no driver that a configuration added is left{later}")


@TRANSITION_CHECKS.check(
    "transition.answers", stage="transition", title="do the system's own checks answer as after a boot?",
    stacks=EVERY_STACK, boards=BOTH_BOARDS,
    remedy="see the check that differs; rules reach a device that is there by `udevadm trigger` alone",
)  # fmt: skip
def answers(move: Move) -> Answer:
    """Every check of the system that was switched to, on the switched node and on the booted one."""
    differ = [name for name, one in move.answers.items() if one.status is not move.booted_answers[name].status]
    evidence = tuple(_evidence(move, differ))
    doubts = [
        name for name in differ if Status.INCONCLUSIVE in (move.answers[name].status, move.booted_answers[name].status)
    ]
    if differ and differ != doubts:
        named = "; ".join(f"{name}: {move.answers[name].reason}" for name in differ if name not in doubts)
        return failed(f"after the switch, and not after a boot: {named}", *evidence, move.words)
    if doubts:
        return inconclusive(f"{doubts[0]}: {move.answers[doubts[0]].reason}", *evidence, move.words)
    later = "; what is about kernel and device waits for the next boot" if move.next_boot else ""
    return passed(f"{len(move.answers)} checks answer as after a boot{later}", move.words)


def _evidence(move: Move, names: list[str]) -> Iterator[Evidence]:
    for name in names:
        boot = move.booted_answers[name]
        yield Evidence(f"{name}, after a boot", f"{boot.status.value}: {boot.reason}")
        yield Evidence(f"{name}, after the switch", f"{move.answers[name].status.value}: {move.answers[name].reason}")
        yield from move.answers[name].evidence
