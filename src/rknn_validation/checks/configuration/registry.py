"""The registry of configuration checks, and how one is asked."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator

from rknn_validation.checks.findings import Finding, answer
from rknn_validation.checks.model import (
    CHECK_BROKE,
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
    "tmpfiles",
    "library",
    "python",
    "units",
    "expects",
    "guard",
    "disabled",
    "lint",
)
"""Stages from cause to effect: where several checks fail, fix the one of the first stage first."""

EXPECTS = "expects"
"""The stage of the checks of what a scenario expects, one for each word."""
EVALUATES = "evaluation.succeeds"
"""The check that reports why a scenario has no configuration."""
_NO_CONFIGURATION = f"the scenario has no configuration: see {EVALUATES}"


def check(
    id: str,
    title: str,
    *,
    remedy: str,
    nothing: str = "there is nothing to check",
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
        CONFIGURATION_CHECKS.check(id, title, remedy=remedy, stacks=stacks, boards=boards, everywhere=everywhere)(ask)
        return find

    return declare


OF_PACKAGES = frozenset({"evaluation", "packages", "library", "python", "lint"})
"""Stages of the checks of packages and overlays that are judged without a machine."""


def concerns(check: Check[Facts], subject: Subject) -> bool:
    """Whether a check applies to such a subject."""
    return subject.is_machine or check.stage in OF_PACKAGES


def is_asked(check: Check[Facts], scenario: Scenario) -> bool:
    """Whether a check applies to a scenario's stack and, for a check of an expectation, to what it expects.

    Where nothing is expected, `expects.python` alone says so.
    """
    word = check.id.partition(".")[2]
    expected = {one.partition(":")[0] for one in scenario.expects or ()}
    if scenario.stack != "none":
        expected.add("python")
    return scenario.stack in check.stacks and (check.stage != EXPECTS or word in expected)


def applicable(facts: Facts) -> tuple[Check[Facts], ...]:
    """The checks that apply to this scenario's stack and boards, in the order of their stages."""
    boards = {"rk3588" if board.is_rk3588 else "other" for board in facts.scenario.identities()}
    chosen = [
        check
        for check in CONFIGURATION_CHECKS.all()
        if is_asked(check, facts.scenario) and not boards.isdisjoint(check.boards) and concerns(check, facts.subject)
    ]
    return tuple(sorted(chosen, key=lambda check: STAGES.index(check.stage)))


def _as_far_as_known(check: Check[Facts], given: Answer, facts: Facts) -> Answer:
    """A failure that may be due to a module that is not on this machine is inconclusive."""
    if check.id == EVALUATES or facts.evaluation.configuration is None:
        return given
    if _is_open(given):
        return inconclusive(f"{given.reason}; but that depends on what the stand-in does not model", *given.evidence)
    absent = [one for one in facts.evaluation.configuration.not_here if not is_unrelated(one)]
    if given.status is not Status.FAIL or not absent:
        return given
    reason = f"{given.reason}; but some of its imports are not on this machine: {', '.join(absent)}"
    return inconclusive(reason, *given.evidence)


def _is_open(given: Answer) -> bool:
    """Whether an answer depends on what the stand-in does not model: a failure in part, a pass entirely."""
    seen = [line for one in given.evidence for line in f"{one.source}: {one.output}".splitlines()]
    if is_opaque(given.reason) or given.status is Status.FAIL:
        return given.status in (Status.PASS, Status.FAIL) and any(map(is_opaque, (given.reason, *seen)))
    lines = [line for line in seen if not line.startswith("looked at: ") or is_opaque(line)]
    return given.status is Status.PASS and bool(lines) and all(map(is_opaque, lines))


def ask(check: Check[Facts], facts: Facts) -> Answer:
    """Ask one check of one scenario; a check that raises an exception is inconclusive, never a pass.

    Without a configuration, only `evaluation.succeeds` and the lint checks, which read the subject's files, are asked.
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
        return inconclusive(f"{CHECK_BROKE}: {type(error).__name__}: {error}", Evidence("traceback", trace))
