"""Asks boards on behalf of all workers of a run: what was asked once is known to every one of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from rknn_validation.checks.model import Answer, Status, inconclusive
from rknn_validation.checks.node import DISTURBING, Expectation, NodeUnderTest, ask, checks_of
from rknn_validation.checks.node.transition import Move, State, look
from rknn_validation.checks.node.units import units_not_built
from rknn_validation.checks.questions import Question as AskedOf
from rknn_validation.common.errors import HarnessError
from rknn_validation.facts.model import Facts
from rknn_validation.machine.machine import Machine
from rknn_validation.machine.standins import TFLITE_PYTHON
from rknn_validation.nodes.console import host
from rknn_validation.npu.boards import Board
from rknn_validation.npu.stacks import STACKS
from rknn_validation.pytestplugin.emulation import Once
from rknn_validation.subject.inference import Inference
from rknn_validation.subject.transitions import Path
from rknn_validation.suites.boards import Boards, DebianBoards, evaluated

Place = tuple[str, Board]
"""A scenario on a board."""


@dataclass(frozen=True)
class Answered:
    """An answer, and what the board's console had said by then where the answer is not a good one."""

    answer: Answer
    console: str


@dataclass
class Asker:
    """Checks share a board, those that change it come last; every switch gets a board of its own."""

    gathered: Mapping[str, Facts]
    boards: Boards
    once: Once
    inferences: Mapping[str, Inference] = field(default_factory=dict)
    _shared: tuple[Place, Machine, contextlib.ExitStack] | None = None
    _disturbed: bool = False
    _lost: dict[Place, HarnessError] = field(default_factory=dict)

    def close(self) -> None:
        """End the shared board."""
        self._disturbed = False
        if self._shared is not None:
            self._shared[2].close()
            self._shared = None

    def answered(self, asked: AskedOf) -> Answered:
        """The check's answer on the booted board. Raises HarnessError where there is none to ask."""
        assert asked.board is not None
        place = (asked.scenario.name, asked.board)
        return self.once(f"answer-{asked.id}", lambda: self._answered(asked, place))

    def _answered(self, asked: AskedOf, place: Place) -> Answered:
        disturbs = asked.check.id in DISTURBING
        if self._disturbed and not disturbs:
            self.close()
        found = self._ask(asked, self._share(place), place)
        self._disturbed = self._disturbed or disturbs
        if found.answer.status is Status.INCONCLUSIVE:
            self.close()  # it may hang, or be gone
        return found

    def _ask(self, asked: AskedOf, machine: Machine, place: Place) -> Answered:
        before = len(_complaints(machine))
        answer = ask(asked.check, self._question(machine, place))
        complaints = _complaints(machine)[before:]
        if complaints and answer.status is not Status.PASS:
            answer = inconclusive(complaints[0], *answer.evidence)
        wrong = answer.status in (Status.FAIL, Status.INCONCLUSIVE)
        return Answered(answer, machine.console_log() if wrong else "")

    def _question(self, machine: Machine, place: Place) -> NodeUnderTest:
        scenario, board = place
        return NodeUnderTest(host(machine, board.name), self.expectation(scenario, board))

    def expectation(self, scenario: str, board: Board) -> Expectation:
        """What a board with the scenario on it is meant to be."""
        facts = evaluated(self.gathered[scenario])
        stack = STACKS.get(facts.scenario.stack)
        whole = facts.subject.host is not None
        inference = self.inferences.get(facts.scenario.stack)
        if inference is not None and isinstance(self.boards, DebianBoards):
            inference = replace(inference, python=TFLITE_PYTHON)
        return Expectation(
            facts.scenario,
            board,
            facts.configuration,
            stack,
            not board.is_rk3588,
            inference=inference,
            whole=whole,
        )

    def _share(self, place: Place) -> Machine:
        if self._shared is not None and self._shared[0] == place and self._shared[1].alive:
            return self._shared[1]
        self.close()
        stack = contextlib.ExitStack()
        machine = stack.enter_context(self._restored(place))
        self._shared = (place, machine, stack)
        return machine

    @contextlib.contextmanager
    def _restored(self, place: Place) -> Iterator[Machine]:
        """A pristine board. One that does not come up is not tried again for the next question."""
        if place in self._lost:
            raise self._lost[place]
        try:
            restored = self.boards.restored(*place)
        except HarnessError as problem:
            self._lost[place] = problem
            raise
        with restored as machine:
            yield machine

    def state(self, scenario: str, board: Board) -> State:
        """What a board is like that was booted with the scenario."""

        place = (scenario, board)

        def asked() -> State:
            if self._disturbed:
                self.close()
            return look(self._question(self._share(place), place))

        return self.once(f"state-{scenario}-{board.name}", asked)

    def move(self, path: Path, board: Board, others: tuple[Path, ...]) -> Move:
        """A switch along the path. One of `others` that begins with the path and goes on is made in one go with it."""
        whole = max((other for other in others if other[: len(path)] == path), key=len, default=path)
        moves = self.once(f"moves-{'-'.join(whole)}-{board.name}", lambda: self._moves(whole, board))
        return moves[len(path) - 2]

    def _moves(self, path: Path, board: Board) -> tuple[Move, ...]:
        moves = []
        with self._restored((path[0], board)) as machine:
            for number in range(1, len(path)):
                moves.append(self._move(machine, path[: number + 1], board, goes_on=number + 1 < len(path)))
        return tuple(moves)

    def _move(self, machine: Machine, path: Path, board: Board, *, goes_on: bool) -> Move:
        boards = self.boards
        assert isinstance(boards, DebianBoards), "a NixOS guest is not switched"
        first, *between, last = (boards.installation(name) for name in path)
        switched = boards.switch(machine, path[-2], path[-1])
        place = (path[-1], board)
        question = self._question(machine, place)
        move = Move(
            status=switched.status,
            said=switched.said,
            booted=self.state(*place),
            after=look(question),
            next_boot=(first.kernel, first.npu) != (last.kernel, last.npu),
            drivers=tuple(name for one in (first, *between) for name in one.drivers if name not in last.drivers),
        )
        move = replace(move, not_built=tuple(units_not_built(question, list(move.doubtful))))
        checks = move.to_ask(checks_of(question.expectation))
        checks = [check for check in checks if not (goes_on and check.id in DISTURBING)]
        checks.sort(key=lambda check: check.id in DISTURBING)
        scenario = question.expectation.scenario
        return replace(
            move,
            answers={check.id: ask(check, question) for check in checks},
            booted_answers={check.id: self.answered(AskedOf(check, scenario, board, "vm")).answer for check in checks},
        )


def _complaints(machine: Machine) -> list[str]:
    return machine.npu.complaints() if machine.npu else []
