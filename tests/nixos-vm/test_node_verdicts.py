"""Judges the subject on emulated boards: asks every node check of every scenario on every board it is meant for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from rknn_validation.checks.case import Case
from rknn_validation.checks.model import Status
from rknn_validation.checks.node import Expectation, Question, ask
from rknn_validation.checks.questions import Question as AskedOf
from rknn_validation.deadline import Deadline
from rknn_validation.errors import HarnessError
from rknn_validation.hosts.console import host
from rknn_validation.machine.activation import Guest, Installation, install
from rknn_validation.machine.emulator import Emulator, Identity, Machine
from rknn_validation.npu.stacks import STACKS

pytestmark = [pytest.mark.vm, pytest.mark.verdict]

BOARD_STAND_IN = "board: QEMU's virt machine under the board's device-tree identity, with a Debian 12 guest"
BOOT_SECONDS = 240.0
RESTORE_SECONDS = 30.0


class Boards:
    """The subject's scenarios, installed and booted; every question gets a machine of its own."""

    def __init__(self, cases: dict[str, Case], emulator: Emulator, guest: Guest) -> None:
        self.cases = cases
        self.emulator = emulator
        self.guest = guest
        self.installed: dict[str, Installation] = {}

    def installation(self, scenario: str) -> Installation:
        """The scenario laid out; raises HarnessError where it does not evaluate."""
        if scenario not in self.installed:
            case = self.cases[scenario]
            if case.evaluation.configuration is None:
                assert case.evaluation.error is not None
                raise HarnessError(
                    f"scenario {scenario} cannot be installed: it does not evaluate",
                    seen=case.evaluation.error.message,
                    hint="mend what the unit tier says about it first",
                )
            baseline = case.baseline.configuration
            self.installed[scenario] = install(case.configuration, self.guest, baseline=baseline)
        return self.installed[scenario]

    @contextmanager
    def restored(self, asked: AskedOf) -> Iterator[Machine]:
        """A pristine machine of the question's board with the question's scenario on it."""
        assert asked.board is not None
        installation = self.installation(asked.scenario.name)
        npu = installation.npu if asked.board.is_rk3588 else None
        deadline = Deadline.after(BOOT_SECONDS, f"{asked.board.name} with scenario {asked.scenario.name}")
        snapshot = self.emulator.snapshot(Identity(asked.board, npu), installation.tree, deadline)
        with snapshot.restore(deadline.capped(RESTORE_SECONDS, deadline.what)) as machine:
            yield machine


@pytest.fixture(scope="session")
def boards(cases: dict[str, Case], emulator: Emulator, guest: Guest) -> Boards:
    return Boards(cases, emulator, guest)


def test_board(node_question: AskedOf, boards: Boards, judge: Callable[..., None]) -> None:
    case = boards.cases[node_question.scenario.name]
    assert node_question.board is not None
    with boards.restored(node_question) as machine:
        expectation = Expectation(
            scenario=node_question.scenario,
            board=node_question.board,
            configuration=case.configuration,
            stack=STACKS.get(node_question.scenario.stack),
            guarded=not node_question.board.is_rk3588,
        )
        answer = ask(node_question.check, Question(host(machine, node_question.board.name), expectation))
        console = machine.console_log()
    installation = boards.installation(node_question.scenario.name)
    wrong = answer.status in (Status.FAIL, Status.INCONCLUSIVE)
    attachments = {"console log": console, "installation": "\n".join(installation.notes)} if wrong else {}
    stand_ins = (*case.stand_ins, BOARD_STAND_IN, *installation.stand_ins)
    judge(node_question, answer, stand_ins=stand_ins, attachments=attachments)
