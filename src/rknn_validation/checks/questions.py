"""Questions: which check is asked of which scenario and board. Known before anything is evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rknn_validation.checks.configuration import CONFIGURATION_CHECKS, STAGES, concerns
from rknn_validation.checks.model import Answer, Check, Evidence, Verdict, inconclusive
from rknn_validation.checks.node import DISTURBING, HARDWARE_CHECKS, NODE_CHECKS
from rknn_validation.checks.node import STAGES as NODE_STAGES
from rknn_validation.inventory import Node
from rknn_validation.npu.boards import BOARDS, Board
from rknn_validation.subject import Scenario, Validation


@dataclass(frozen=True)
class Question:
    """A check asked of a scenario, of a board where `board` is not None, of a real node where `node` is not None."""

    check: Check[Any]
    scenario: Scenario
    board: Board | None
    tier: str
    node: Node | None = None

    @property
    def id(self) -> str:
        """`scenario-check`, `scenario-board-check` or `node-check`: what `-k` matches and reports show."""
        if self.node is not None:
            return f"{self.node.name}-{self.check.id}"
        words = (self.scenario.name, self.board.name if self.board else "", self.check.id)
        return "-".join(word for word in words if word)

    def verdict(self, answer: Answer, **more: Any) -> Verdict:
        """The answer as a verdict on this question; `more` are further Verdict fields."""
        return Verdict(
            check=self.check.id,
            title=self.check.title,
            stage=self.check.stage,
            tier=self.tier,
            scenario=self.scenario.name,
            board=self.board.name if self.board else "",
            status=answer.status,
            reason=answer.reason,
            remedy=self.check.remedy,
            evidence=answer.evidence,
            node=self.node.name if self.node else "",
            **more,
        )

    def broken(self, reason: str, detail: str) -> Verdict:
        """The verdict where the question could not even be asked."""
        return self.verdict(inconclusive(reason, Evidence("harness", detail)))


def configuration_questions(validation: Validation) -> list[Question]:
    """Every configuration check of every scenario whose stack and boards it applies to, cause before effect."""
    checks = sorted(CONFIGURATION_CHECKS.all(), key=lambda check: STAGES.index(check.stage))
    return [
        Question(check, scenario, None, "unit")
        for scenario in validation.scenarios.values()
        for check in checks
        if any(_applies(check, scenario, board) for board in scenario.identities())
        and concerns(check, validation.subject_of(scenario.name))
    ]


def node_questions(validation: Validation) -> list[Question]:
    """Every node check of every scenario on every board it is meant for."""
    return [
        Question(check, scenario, board, "vm")
        for scenario in validation.scenarios.values()
        for board in scenario.identities()
        for check in NODE_CHECKS.all()
        if board.can_be_emulated and _applies(check, scenario, board)
    ]


def hardware_questions(validation: Validation) -> list[Question]:
    """Every node check that applies to each of the real nodes, node by node, those that change it last."""
    found = []
    for node in validation.nodes.values():
        scenario = validation.scenarios[node.scenario]
        board = "other" if node.guarded else "rk3588"
        every = (*NODE_CHECKS.all(), *HARDWARE_CHECKS.all())
        checks = [check for check in every if scenario.stack in check.stacks and board in check.boards]
        checks.sort(key=lambda check: (check.id in DISTURBING, NODE_STAGES.index(check.stage)))
        found += [Question(check, scenario, BOARDS[node.board], "hardware", node) for check in checks]
    return found


def _applies(check: Check[Any], scenario: Scenario, board: Board) -> bool:
    return scenario.stack in check.stacks and ("rk3588" if board.is_rk3588 else "other") in check.boards
