"""Questions: which check is asked of which scenario and board. Known before anything is evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rknn_validation.checks.configuration import CONFIGURATION_CHECKS, STAGES
from rknn_validation.checks.model import Answer, Check, Evidence, Verdict, inconclusive
from rknn_validation.checks.node import NODE_CHECKS
from rknn_validation.npu.boards import BOARDS, Board
from rknn_validation.subject import Scenario, Validation


@dataclass(frozen=True)
class Question:
    """A check asked of a scenario, and of a board where `board` is not None."""

    check: Check[Any]
    scenario: Scenario
    board: Board | None
    tier: str

    @property
    def id(self) -> str:
        """`scenario-check` or `scenario-board-check`: what `-k` matches and reports show."""
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
    ]


def node_questions(validation: Validation) -> list[Question]:
    """Every node check of every scenario on every board it is meant for."""
    return [
        Question(check, scenario, BOARDS[board.name], "vm")
        for scenario in validation.scenarios.values()
        for board in scenario.identities()
        for check in NODE_CHECKS.all()
        if _applies(check, scenario, board)
    ]


def _applies(check: Check[Any], scenario: Scenario, board: Board) -> bool:
    return scenario.stack in check.stacks and ("rk3588" if board.is_rk3588 else "other") in check.boards
