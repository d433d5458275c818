"""Judges the subject on emulated boards: asks every node check of every scenario on every board it is meant for.

And switches boards from one scenario to another, as deployed nodes are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from rknn_validation.checks.model import skipped
from rknn_validation.checks.questions import Question, boards_of
from rknn_validation.facts.model import Facts
from rknn_validation.machine.emulator import Emulator
from rknn_validation.machine.nixosguest import NixosGuests
from rknn_validation.pytestplugin.emulation import Once
from rknn_validation.subject import transitions
from rknn_validation.subject.validation import Validation
from rknn_validation.suites.asked import Asker
from rknn_validation.suites.boards import Boards, DebianBoards, NixosBoards

pytestmark = [pytest.mark.vm, pytest.mark.verdict]

NO_IDENTITY = "{} is no board with a device tree, and is not emulated"
NO_SWITCH = "a NixOS guest is the closure of one system, and holds none to switch to; ask with --guest debian"


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


@pytest.fixture(scope="session")
def asker(gathered: Mapping[str, Facts], validation: Validation, boards: Boards, once: Once) -> Iterator[Asker]:
    """Asks the boards."""
    asker = Asker(gathered, boards, once, validation.inferences)
    yield asker
    asker.close()


def test_board(
    node_question: Question, gathered: Mapping[str, Facts], boards: Boards, asker: Asker, judge: Callable[..., None]
) -> None:
    name = node_question.scenario.name
    assert node_question.board is not None
    if not node_question.board.can_be_emulated:
        judge(node_question, skipped(NO_IDENTITY.format(node_question.board.name)))
    found = asker.answered(node_question)
    attachments = {"console log": found.console, "installation": "\n".join(boards.notes(name))} if found.console else {}
    stand_ins = (*gathered[name].stand_ins, *boards.stand_ins(name))
    judge(node_question, found.answer, stand_ins=stand_ins, attachments=attachments)


def test_switch(
    transition_question: Question,
    validation: Validation,
    gathered: Mapping[str, Facts],
    boards: Boards,
    asker: Asker,
    judge: Callable[..., None],
) -> None:
    question = transition_question
    assert question.board is not None
    if not isinstance(boards, DebianBoards):
        judge(question, skipped(NO_SWITCH))
    others = transitions.paths(validation.transitions, boards_of(validation), question.board.name)
    answer = question.check.ask(asker.move(question.path, question.board, others))
    last = question.path[-1]
    judge(question, answer, stand_ins=(*gathered[last].stand_ins, *boards.stand_ins(last)))
