"""Asks many nodes at the same time, each over its own connection, and returns answers as they arrive."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, runtime_checkable

from testinfra.host import Host

from rknn_validation.checks.model import Answer, Check, Evidence, Status, inconclusive
from rknn_validation.checks.node import DISTURBING, Expectation, NodeUnderTest, ask
from rknn_validation.common.errors import HarnessError, NodeError

AT_ONCE = 32
"""Nodes that are asked at the same time by default."""
NEWS_SECONDS = 10.0
"""Interval of the progress messages while waiting."""


class Connection(Protocol):
    """A node that can be asked. `lost`: why it no longer can; `retry`: whether a lost connection may be made again."""

    retry: bool

    @property
    def lost(self) -> NodeError | None:
        """Why nothing more can be asked, None while something can."""

    def host(self) -> Host:
        """The node as a testinfra host."""

    def stop(self) -> None:
        """End it from another thread."""


@runtime_checkable
class Stoppable(Protocol):
    """Something that another thread can stop, even before it is entered and while it connects."""

    def stop(self) -> None:
        """End it."""


@dataclass(frozen=True)
class NodePlan:
    """What to ask of a node, in order. `expectation` may raise HarnessError: then nothing can be asked.

    What `connect` gives is stopped while it connects where it is Stoppable; what it connects to is, anyway.
    """

    name: str
    connect: Callable[[], AbstractContextManager[Connection]]
    expectation: Callable[[], Expectation]
    checks: Sequence[Check[NodeUnderTest]]


@dataclass(frozen=True)
class TimedAnswer:
    """An answer, when the question was asked (seconds since 1970), and how long it took."""

    answer: Answer
    started: float
    seconds: float


@dataclass
class _Progress:
    """The progress of a node."""

    asked: int = 0
    state: str = "waiting for its turn"
    found: dict[Status, int] = field(default_factory=dict)


class Fleet:
    """A context manager: entering it starts the questions, leaving it ends every connection.

    A node that cannot be connected to, or is lost, answers all that is left at once as inconclusive.
    """

    def __init__(self, plans: Sequence[NodePlan], at_once: int = AT_ONCE) -> None:
        self._plans = plans
        self._waiting: queue.SimpleQueue[NodePlan] = queue.SimpleQueue()
        self._answers: dict[tuple[str, str], TimedAnswer] = {}
        self._progress = {plan.name: _Progress() for plan in plans}
        self._news: list[str] = []
        self._changed = threading.Condition()
        self._open: dict[str, Stoppable] = {}
        self._stopping = threading.Event()
        count = min(max(1, at_once), len(plans))
        self._threads = [threading.Thread(target=self._work, name=f"fleet {n}", daemon=True) for n in range(count)]

    def __enter__(self) -> Fleet:
        for plan in self._plans:
            self._waiting.put(plan)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        with self._changed:
            connections = list(self._open.values())
        for connection in connections:
            connection.stop()
        for thread in self._threads:
            thread.join(timeout=10)

    def answer(self, node: str, check: str, say: Callable[[str], None]) -> TimedAnswer:
        """The answer to a check of a plan, as soon as it is available; meanwhile `say` gets the news of all nodes."""
        since = time.monotonic()
        while True:
            with self._changed:
                timed = self._answers.get((node, check))
                news, self._news = self._news, []
                if timed is None and not news:
                    self._changed.wait(timeout=max(0.0, since + NEWS_SECONDS - time.monotonic()))
                    if not self._news and time.monotonic() - since >= NEWS_SECONDS:
                        news, since = [self._overview()], time.monotonic()
            for line in news:
                say(line)
            if timed is not None:
                return timed

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                plan = self._waiting.get_nowait()
            except queue.Empty:
                return
            started = time.monotonic()
            self._tell(plan.name, f"{plan.name}: connecting", state="connecting")
            try:
                self._ask_all(plan)
            except HarnessError as error:
                self._give_up(plan, error)
            except Exception as problem:
                self._give_up(plan, NodeError(f"asking {plan.name} broke", seen=f"{type(problem).__name__}: {problem}"))
            found = ", ".join(f"{n} {status.value}" for status, n in sorted(self._progress[plan.name].found.items()))
            self._tell(plan.name, f"{plan.name}: {found} in {time.monotonic() - started:.1f} s", state="done")

    def _ask_all(self, plan: NodePlan) -> None:
        expectation = plan.expectation()
        opening = plan.connect()
        if isinstance(opening, Stoppable):
            self._may_be_stopped(plan.name, opening)
        try:
            with opening as connection:
                self._may_be_stopped(plan.name, connection)
                self._tell(plan.name, f"{plan.name}: connected, {len(plan.checks)} questions", state="asked")
                self._ask_in_order(plan, connection, NodeUnderTest(connection.host(), expectation))
        finally:
            with self._changed:
                self._open.pop(plan.name, None)

    def _may_be_stopped(self, name: str, what: Stoppable) -> None:
        """Let the end of the run stop it, or stop it now if the run has ended already."""
        with self._changed:
            self._open[name] = what
            if self._stopping.is_set():
                what.stop()

    def _ask_in_order(self, plan: NodePlan, connection: Connection, question: NodeUnderTest) -> None:
        for check in plan.checks:
            if self._stopping.is_set():
                return
            if connection.lost is not None:
                raise connection.lost
            # What changes the node is not done twice.
            connection.retry = check.id not in DISTURBING
            started, since = time.time(), time.monotonic()
            answer = ask(check, question)
            self._record(plan, check, TimedAnswer(answer, started, time.monotonic() - since))

    def _give_up(self, plan: NodePlan, error: HarnessError) -> None:
        answer = inconclusive(error.message, Evidence("harness", str(error)))
        for check in plan.checks:
            if (plan.name, check.id) not in self._answers:
                self._record(plan, check, TimedAnswer(answer, time.time(), 0.0))

    def _record(self, plan: NodePlan, check: Check[NodeUnderTest], timed: TimedAnswer) -> None:
        with self._changed:
            self._answers[plan.name, check.id] = timed
            progress = self._progress[plan.name]
            progress.asked += 1
            progress.found[timed.answer.status] = progress.found.get(timed.answer.status, 0) + 1
            progress.state = f"{progress.asked} of {len(plan.checks)}"
            self._changed.notify_all()

    def _tell(self, name: str, line: str, state: str) -> None:
        with self._changed:
            self._progress[name].state = state
            self._news.append(line)
            self._changed.notify_all()

    def _overview(self) -> str:
        return ", ".join(f"{name}: {one.state}" for name, one in self._progress.items() if one.state != "done")
