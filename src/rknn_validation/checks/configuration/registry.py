"""The registry of configuration checks, and how one is asked."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator

from rknn_validation.checks.findings import Finding, answer
from rknn_validation.checks.model import (
    LINT,
    Answer,
    Check,
    Evidence,
    Registry,
    Status,
    inconclusive,
    skipped,
)
from rknn_validation.common.errors import HarnessError
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.gaps import is_opaque
from rknn_validation.npu.unrelated import is_unrelated
from rknn_validation.subject.validation import Scenario, Subject

CONFIGURATION_CHECKS: Registry[Facts] = Registry()
"""Every question asked of an evaluated configuration. Importing `checks.configuration` fills it."""

STAGES = (
    "evaluation",
    "options",
    "kernel",
    "device-tree",
    "udev",
    "access",
    "packages",
    "library",
    "python",
    "units",
    "expects",
    "guard",
    "disabled",
    "lint",
)
"""Stages from cause to effect: where several checks fail, the first stage's is the one to mend first."""

EXPECTS = "expects"
"""The topic of the checks of what a scenario expects, one a word."""
EVALUATES = "evaluation.succeeds"
"""The check that says why a scenario has no configuration."""
_NO_CONFIGURATION = f"the scenario has no configuration: see {EVALUATES}"


def check(
    id: str,
    title: str,
    *,
    remedy: str,
    stage: str = "",
    nothing: str = "there is nothing to look at",
    needs: Iterable[str] = (),
    stacks: Iterable[str] = ("vendor", "mainline"),
    boards: Iterable[str] = ("rk3588",),
    everywhere: bool = False,
) -> Callable[[Callable[[Facts], Iterator[Finding]]], Callable[[Facts], Iterator[Finding]]]:
    """Declare the decorated function, which yields findings of facts, as a check.

    `nothing` is the reason of a skip where there was nothing to look at. `needs` names facts besides the configuration
    (see `Facts.missing`): where one is missing the check is skipped, and says which.
    """
    needed = tuple(needs)

    def declare(find: Callable[[Facts], Iterator[Finding]]) -> Callable[[Facts], Iterator[Finding]]:
        def ask(facts: Facts) -> Answer:
            missing = next(filter(None, map(facts.missing, needed)), "")
            return skipped(missing) if missing else answer(find(facts), good=title, nothing=nothing)

        ask.__doc__ = find.__doc__
        CONFIGURATION_CHECKS.check(
            id, title, remedy=remedy, stage=stage, stacks=stacks, boards=boards, everywhere=everywhere
        )(ask)
        return find

    return declare


OF_PACKAGES = frozenset({"evaluation", "packages", "library", "python", "lint"})
"""Stages with questions for packages and overlays that are judged without a machine."""


def concerns(check: Check[Facts], subject: Subject) -> bool:
    """Whether a check has a question for such a subject."""
    return subject.is_machine or check.stage in OF_PACKAGES


def is_asked(check: Check[Facts], scenario: Scenario) -> bool:
    """Whether a check has a question for a scenario: for its stack, and of what it expects for that alone.

    That nobody expects anything is told once, by `expects.python`.
    """
    topic, word = check.id.split(".", 1)
    expected = {one.partition(":")[0] for one in scenario.expects or ()}
    if scenario.stack != "none":
        expected.add("python")
    return scenario.stack in check.stacks and (topic != EXPECTS or word in expected)


def applicable(facts: Facts) -> tuple[Check[Facts], ...]:
    """The checks that have a question for this scenario's stack and boards, in the order of their stages."""
    boards = {"rk3588" if board.is_rk3588 else "other" for board in facts.scenario.identities()}
    chosen = [
        check
        for check in CONFIGURATION_CHECKS.all()
        if is_asked(check, facts.scenario) and not boards.isdisjoint(check.boards) and concerns(check, facts.subject)
    ]
    return tuple(sorted(chosen, key=lambda check: STAGES.index(check.stage)))


def _as_far_as_known(check: Check[Facts], given: Answer, facts: Facts) -> Answer:
    """What seems to be missing may be in a module that is not on this machine: then nobody can tell."""
    if check.id == EVALUATES or facts.evaluation.configuration is None:
        return given
    if _is_open(given):
        return inconclusive(f"{given.reason}; but that depends on what the stand-in does not model", *given.evidence)
    absent = [one for one in facts.evaluation.configuration.not_here if not is_unrelated(one)]
    if given.status is not Status.FAIL or not absent:
        return given
    reason = f"{given.reason}; but not all that it imports is on this machine: {', '.join(absent)}"
    return inconclusive(reason, *given.evidence)


def _is_open(given: Answer) -> bool:
    """Whether an answer rests on what the stand-in does not model: a failure on any of it, a pass on nothing else."""
    seen = [line for one in given.evidence for line in f"{one.source}: {one.output}".splitlines()]
    if is_opaque(given.reason) or given.status is Status.FAIL:
        return given.status in (Status.PASS, Status.FAIL) and any(map(is_opaque, (given.reason, *seen)))
    lines = [line for line in seen if not line.startswith("looked at: ") or is_opaque(line)]
    return given.status is Status.PASS and bool(lines) and all(map(is_opaque, lines))


def ask(check: Check[Facts], facts: Facts) -> Answer:
    """Ask one check of one scenario; a check that breaks is inconclusive, never a pass.

    A scenario without a configuration is `evaluation.succeeds`'s to judge: every other check is skipped, but for those
    that look at what is written in the subject's files, which lies there all the same.
    """
    absent = facts.evaluation.configuration is None
    if absent and check.id != EVALUATES and check.group != LINT:
        return skipped(_NO_CONFIGURATION)
    try:
        return _as_far_as_known(check, check.ask(facts), facts)
    except HarnessError as error:
        if absent and check.id != EVALUATES:
            return skipped(_NO_CONFIGURATION)
        return inconclusive(error.message, Evidence("harness", str(error)))
    except Exception as error:
        trace = "".join(traceback.format_exception(error))
        return inconclusive(f"the check itself broke: {type(error).__name__}: {error}", Evidence("traceback", trace))
