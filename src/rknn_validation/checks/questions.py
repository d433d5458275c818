"""Questions: which check is asked of which scenario, board or node; known before anything is evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rknn_validation.checks.cluster import CLUSTER_CHECKS
from rknn_validation.checks.cluster import STAGES as CLUSTER_STAGES
from rknn_validation.checks.configuration import CONFIGURATION_CHECKS, STAGES, concerns, is_asked
from rknn_validation.checks.model import Answer, Check, Evidence, Verdict, inconclusive
from rknn_validation.checks.node import DISTURBING, HARDWARE_CHECKS, NODE_CHECKS, ON_EMULATED_NPU
from rknn_validation.checks.node import STAGES as NODE_STAGES
from rknn_validation.checks.node.transition import TRANSITION_CHECKS
from rknn_validation.npu.boards import Board, named
from rknn_validation.subject import transitions
from rknn_validation.subject.inventory import Node
from rknn_validation.subject.validation import Scenario, Validation


@dataclass(frozen=True)
class Question:
    """A check asked of a scenario, of a board where `board` is not None, of a real node where `node` is not None.

    `path` are the scenarios a board went through, from one to the next by a switch; empty where it was booted.
    `cluster` is the context of a cluster that is asked; `scenario` is then none of the subject's.
    """

    check: Check[Any]
    scenario: Scenario
    board: Board | None
    tier: str
    node: Node | None = None
    path: transitions.Path = ()
    cluster: str = ""

    @property
    def where(self) -> str:
        """The scenario, or the scenarios of a switch, as reports name them."""
        return "->".join(self.path) or self.scenario.name

    @property
    def asked_node(self) -> str:
        """The real node or the cluster that is asked, as reports name it; "" for neither."""
        return self.node.name if self.node else self.cluster

    @property
    def id(self) -> str:
        """`scenario-check`, `scenario-board-check`, `node-check` or `cluster-check`: for `-k` and reports."""
        if self.asked_node:
            return f"{self.asked_node}-{self.check.id}"
        words = (self.where, self.board.name if self.board else "", self.check.id)
        return "-".join(word for word in words if word)

    def verdict(self, answer: Answer, **more: Any) -> Verdict:
        """The answer as a verdict on this question; `more` are further Verdict fields."""
        return Verdict(
            check=self.check.id,
            title=self.check.title,
            stage=self.check.stage,
            tier=self.tier,
            scenario=self.where,
            board=self.board.name if self.board else "",
            status=answer.status,
            reason=answer.reason,
            remedy=self.check.remedy,
            evidence=answer.evidence,
            node=self.asked_node,
            **more,
        )

    def broken(self, reason: str, detail: str) -> Verdict:
        """The verdict where the question could not be asked."""
        return self.verdict(inconclusive(reason, Evidence("harness", detail)))


def configuration_questions(validation: Validation) -> list[Question]:
    """Every configuration check of every scenario whose stack and boards it applies to, cause before effect."""
    checks = sorted(CONFIGURATION_CHECKS.all(), key=lambda check: STAGES.index(check.stage))
    return [
        Question(check, scenario, None, "unit")
        for scenario in validation.scenarios.values()
        for check in checks
        if is_asked(check, scenario)
        and any(_applies(check, scenario, board) for board in scenario.identities())
        and concerns(check, validation.subject_of(scenario.name))
    ]


def node_questions(validation: Validation) -> list[Question]:
    """Every node check of every scenario on each of its boards; those that change the board last."""
    return [
        Question(check, scenario, board, "vm")
        for scenario in validation.scenarios.values()
        for board in scenario.identities()
        for check in sorted(_on_boards(scenario, board), key=lambda check: check.id in DISTURBING)
        if _applies(check, scenario, board)
    ]


def _on_boards(scenario: Scenario, board: Board) -> list[Check[Any]]:
    """What an emulated board can be asked; where its NPU computes, an inference too."""
    computing = ON_EMULATED_NPU.get(scenario.stack, ()) if board.is_rk3588 else ()
    return [*NODE_CHECKS.all(), *(HARDWARE_CHECKS[check] for check in computing)]


def transition_questions(validation: Validation) -> list[Question]:
    """Every check of a switch, for every switch and board."""
    scenarios = validation.scenarios
    boards = boards_of(validation)
    return [
        Question(check, scenarios[path[-1]], named(board), "vm", path=path)
        for board in dict.fromkeys(board for names in boards.values() for board in names)
        for path in transitions.paths(validation.transitions, boards, board)
        for check in TRANSITION_CHECKS.all()
        if named(board).can_be_emulated
    ]


def boards_of(validation: Validation) -> dict[str, tuple[str, ...]]:
    """The boards of scenarios that can be switched to one another: hosts are separate machines."""
    scenarios = validation.scenarios.items()
    return {name: one.boards for name, one in scenarios if name not in validation.host_subjects}


def hardware_questions(validation: Validation) -> list[Question]:
    """Every node check that applies to each real node, node by node; those that change the node last."""
    found = []
    for node in validation.nodes.values():
        scenario = validation.scenarios[node.scenario]
        board = "other" if node.guarded else "rk3588"
        every = (*NODE_CHECKS.all(), *HARDWARE_CHECKS.all())
        asked = (check for check in every if check.level <= validation.level)
        checks = [check for check in asked if scenario.stack in check.stacks and board in check.boards]
        checks.sort(key=lambda check: (check.id in DISTURBING, NODE_STAGES.index(check.stage)))
        found += [Question(check, scenario, named(node.board), "hardware", node) for check in checks]
    return found


def cluster_questions(validation: Validation) -> list[Question]:
    """Every check of a cluster, where this run is to ask one."""
    if not validation.cluster:
        return []
    whole = Scenario(validation.cluster, "none", {}, ())
    checks = sorted(CLUSTER_CHECKS.all(), key=lambda check: CLUSTER_STAGES.index(check.stage))
    return [Question(check, whole, None, "kubernetes", cluster=validation.cluster) for check in checks]


def _applies(check: Check[Any], scenario: Scenario, board: Board) -> bool:
    return scenario.stack in check.stacks and ("rk3588" if board.is_rk3588 else "other") in check.boards
