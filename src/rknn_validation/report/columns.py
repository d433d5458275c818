"""Where a verdict stands in the matrix, and what its status looks like."""

from __future__ import annotations

from collections.abc import Sequence

from rknn_validation.checks.configuration import STAGES as CONFIGURATION_STAGES
from rknn_validation.checks.model import Status, Verdict
from rknn_validation.checks.node.question import STAGES as NODE_STAGES
from rknn_validation.checks.questions import transition_questions
from rknn_validation.subject.validation import Validation

WORDS = {Status.PASS: "pass", Status.FAIL: "FAIL", Status.SKIP: "skip", Status.INCONCLUSIVE: "????"}
"""How each status is printed; all of one width. `????` is explained in the matrix's legend."""

SEVERITY = (Status.FAIL, Status.INCONCLUSIVE, Status.PASS, Status.SKIP)
"""The status that stands for several is the first of these among them."""


def column(verdict: Verdict) -> str:
    """The matrix column: the scenario for a configuration check, `scenario/board` for a board, a real node's name."""
    return place(verdict.scenario, verdict.board, verdict.node)


def place(scenario: str, board: str, node: str) -> str:
    """The name of what was asked."""
    if node:
        return node
    return f"{scenario}/{board}" if board else scenario


def in_order(verdicts: Sequence[Verdict], validation: Validation) -> list[Verdict]:
    """As the subject file has scenarios, boards, switches and nodes, whichever worker answered first."""
    asked = [("", "", "")]
    for name, scenario in validation.scenarios.items():
        asked += [(name, "", ""), *((name, board, "") for board in scenario.boards)]
    switches = ((one.where, one.board) for one in transition_questions(validation))
    asked += dict.fromkeys((where, board.name, "") for where, board in switches if board is not None)
    asked += [(node.scenario, node.board, node.name) for node in validation.nodes.values()]
    position = {place: number for number, place in enumerate(asked)}
    return sorted(verdicts, key=lambda one: position.get((one.scenario, one.board, one.node), len(position)))


def topic(verdict: Verdict) -> str:
    """The part of a check's id before the first dot."""
    return verdict.check.split(".", 1)[0]


def by_tier(verdicts: Sequence[Verdict]) -> list[tuple[str, list[Verdict]]]:
    """The tiers in their order, each with its verdicts, cause before effect, whichever worker answered first."""
    order = ("unit", "vm", "hardware", "kubernetes")
    present = sorted({verdict.tier for verdict in verdicts}, key=order.index)
    return [(tier, sorted((one for one in verdicts if one.tier == tier), key=_stage)) for tier in present]


def _stage(verdict: Verdict) -> int:
    stages = CONFIGURATION_STAGES if verdict.tier == "unit" else NODE_STAGES
    return stages.index(verdict.stage) if verdict.stage in stages else len(stages)


def worst(statuses: Sequence[Status]) -> Status:
    """The status that stands for all of `statuses` (not empty)."""
    return next(status for status in SEVERITY if status in statuses)
