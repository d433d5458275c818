"""The registry of configuration checks, and how one is asked."""

from __future__ import annotations

import traceback

from rknn_validation.checks.case import Case
from rknn_validation.checks.model import Answer, Check, Evidence, Registry, inconclusive, skipped
from rknn_validation.errors import HarnessError

CONFIGURATION_CHECKS: Registry[Case] = Registry()
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
    "guard",
    "disabled",
)
"""Stages from cause to effect: where several checks fail, the first stage's is the one to mend first."""

ALL_STACKS = ("vendor", "mainline", "none")
EVALUATES = "evaluation.succeeds"
"""The one check that is asked of a scenario without a configuration."""


def applicable(case: Case) -> tuple[Check[Case], ...]:
    """The checks that have a question for this scenario's stack and boards, in the order of their stages."""
    boards = {"rk3588" if board.is_rk3588 else "other" for board in case.scenario.identities()}
    chosen = [
        check
        for check in CONFIGURATION_CHECKS.all()
        if case.scenario.stack in check.stacks and not boards.isdisjoint(check.boards)
    ]
    return tuple(sorted(chosen, key=lambda check: STAGES.index(check.stage)))


def ask(check: Check[Case], case: Case) -> Answer:
    """Ask one check of one scenario; a check that breaks is inconclusive, never a pass.

    A scenario without a configuration is `evaluation.succeeds`'s to judge: every other check is skipped.
    """
    if case.evaluation.configuration is None and check.id != EVALUATES:
        return skipped(f"the scenario has no configuration: see {EVALUATES}")
    try:
        return check.ask(case)
    except HarnessError as error:
        return inconclusive(error.message, Evidence("harness", str(error)))
    except Exception as error:
        trace = "".join(traceback.format_exception(error))
        return inconclusive(f"the check itself broke: {type(error).__name__}: {error}", Evidence("traceback", trace))
