"""Where a verdict stands in the matrix, and what its status looks like."""

from __future__ import annotations

from collections.abc import Sequence

from rknn_validation.checks.model import Status, Verdict

WORDS = {Status.PASS: "pass", Status.FAIL: "FAIL", Status.SKIP: "skip", Status.INCONCLUSIVE: "????"}
"""How each status is printed; all of one width. `????` is explained in the matrix's legend."""

SEVERITY = (Status.FAIL, Status.INCONCLUSIVE, Status.PASS, Status.SKIP)
"""The status that stands for several is the first of these among them."""


def column(verdict: Verdict) -> str:
    """The matrix column: the scenario for a configuration check, `scenario/board` for a board, a real node's name."""
    if verdict.node:
        return verdict.node
    return f"{verdict.scenario}/{verdict.board}" if verdict.board else verdict.scenario


def topic(verdict: Verdict) -> str:
    """The part of a check's id before the first dot."""
    return verdict.check.split(".", 1)[0]


def worst(statuses: Sequence[Status]) -> Status:
    """The status that stands for all of `statuses` (not empty)."""
    return next(status for status in SEVERITY if status in statuses)
