"""Judges the subject on emulated boards: asks every node check of every scenario on every board it is meant for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from boards import Boards, DebianBoards, NixosBoards

from rknn_validation.checks.model import Status
from rknn_validation.checks.node import Expectation, Question, ask
from rknn_validation.checks.questions import Question as AskedOf
from rknn_validation.facts.model import Facts
from rknn_validation.hosts.console import host
from rknn_validation.machine.emulator import Emulator
from rknn_validation.machine.nixosguests import NixosGuests
from rknn_validation.npu.stacks import STACKS
from rknn_validation.subject import Validation

pytestmark = [pytest.mark.vm, pytest.mark.verdict]


@pytest.fixture(scope="session")
def boards(
    request: pytest.FixtureRequest,
    gathered: Mapping[str, Facts],
    validation: Validation,
    emulator: Emulator,
    progress: Callable[[str], None],
) -> Boards:
    """What `--guest` asks for."""
    option = request.config.getoption
    if option("--guest") == "debian":
        return DebianBoards(gathered, emulator, request.getfixturevalue("guest"))
    images, seconds = option("--guest-image"), option("--guest-deadline")
    return NixosBoards(gathered, emulator, NixosGuests(validation, images, emulator.cache, seconds, progress))


def test_board(
    node_question: AskedOf, gathered: Mapping[str, Facts], boards: Boards, judge: Callable[..., None]
) -> None:
    facts = gathered[node_question.scenario.name]
    name = node_question.scenario.name
    assert node_question.board is not None
    with boards.restored(node_question) as machine:
        expectation = Expectation(
            scenario=node_question.scenario,
            board=node_question.board,
            configuration=facts.configuration,
            stack=STACKS.get(node_question.scenario.stack),
            guarded=not node_question.board.is_rk3588,
        )
        answer = ask(node_question.check, Question(host(machine, node_question.board.name), expectation))
        console = machine.console_log()
    wrong = answer.status in (Status.FAIL, Status.INCONCLUSIVE)
    attachments = {"console log": console, "installation": "\n".join(boards.notes(name))} if wrong else {}
    judge(node_question, answer, stand_ins=(*facts.stand_ins, *boards.stand_ins(name)), attachments=attachments)
