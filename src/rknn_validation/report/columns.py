"""Rows, columns and cells of the matrix: names, order, and how each status is printed."""

from __future__ import annotations

from collections.abc import Sequence

from rknn_validation.checks.cluster import STAGES as CLUSTER_STAGES
from rknn_validation.checks.configuration import STAGES as CONFIGURATION_STAGES
from rknn_validation.checks.model import Status, Verdict
from rknn_validation.checks.node.registry import STAGES as NODE_STAGES
from rknn_validation.checks.questions import (
    cluster_questions,
    configuration_questions,
    hardware_questions,
    node_questions,
    transition_questions,
)
from rknn_validation.subject.validation import Validation

WORDS = {Status.PASS: "pass", Status.FAIL: "FAIL", Status.SKIP: "skip", Status.INCONCLUSIVE: "????"}
"""How each status is printed; all of one width."""

SEVERITY = (Status.FAIL, Status.INCONCLUSIVE, Status.PASS, Status.SKIP)
"""From worst to best: the first of these stands for several statuses."""

Key = tuple[str, str, str, str, str]
"""Tier, check, scenario, board, node: what makes two verdicts answers to one question."""


def key_of(verdict: Verdict) -> Key:
    """The question a verdict answers."""
    return verdict.tier, verdict.check, verdict.scenario, verdict.board, verdict.node


def column(verdict: Verdict) -> str:
    """The matrix column: the scenario of a configuration check, `scenario/board` of a board, the name of a real node."""
    return place(verdict.scenario, verdict.board, verdict.node)


def place(scenario: str, board: str, node: str) -> str:
    """The name of what was asked."""
    if node:
        return node
    return f"{scenario}/{board}" if board else scenario


def in_order(verdicts: Sequence[Verdict], validation: Validation) -> list[Verdict]:
    """In the order in which the questions of the subject are asked; workers of xdist answer in any order."""
    kinds = (configuration_questions, node_questions, transition_questions, hardware_questions, cluster_questions)
    questions = (
        (one.tier, one.check.id, one.where, one.board.name if one.board else "", one.asked_node)
        for questions in kinds
        for one in questions(validation)
    )
    position = {key: number for number, key in enumerate(dict.fromkeys(questions))}
    return sorted(verdicts, key=lambda one: position.get(key_of(one), len(position)))


def topic(verdict: Verdict) -> str:
    """The part of a check's id before the first dot."""
    return verdict.check.split(".", 1)[0]


def by_tier(verdicts: Sequence[Verdict]) -> list[tuple[str, list[Verdict]]]:
    """The tiers in their order, each with its verdicts by stage, from cause to effect."""
    order = ("unit", "vm", "hardware", "kubernetes")
    present = sorted({verdict.tier for verdict in verdicts}, key=order.index)
    return [(tier, sorted((one for one in verdicts if one.tier == tier), key=_stage)) for tier in present]


def _stage(verdict: Verdict) -> int:
    stages = {"unit": CONFIGURATION_STAGES, "kubernetes": CLUSTER_STAGES}.get(verdict.tier, NODE_STAGES)
    return stages.index(verdict.stage) if verdict.stage in stages else len(stages)


def worst(statuses: Sequence[Status]) -> Status:
    """The status that stands for all of `statuses` (not empty)."""
    return next(status for status in SEVERITY if status in statuses)
