"""Many nodes in one run: how many are connected to at the same time is bounded, and one takes no other's time."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from localsshd import Sshd

from rknn_validation.checks.model import Answer, Check, Status, passed
from rknn_validation.checks.node import Expectation, NodeUnderTest
from rknn_validation.checks.node.fleet import Fleet, NodePlan
from rknn_validation.common.errors import NodeError
from rknn_validation.facts.nix.configuration import Configuration
from rknn_validation.nodes.ssh import Limits, SshLink
from rknn_validation.npu.boards import BOARDS
from rknn_validation.subject.validation import Scenario

pytestmark = pytest.mark.integration

LIMITS = Limits(connect=60.0, command=60.0, total=300.0)


class Count:
    """How many are inside at the same time, and the most there ever were."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.lock = threading.Lock()

    @contextmanager
    def inside(self) -> Iterator[None]:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            yield
        finally:
            with self.lock:
                self.now -= 1


def check(number: int, ask: Callable[[NodeUnderTest], Answer]) -> Check[NodeUnderTest]:
    return Check(f"device.number-{number}", "?", "-", ask, frozenset({"vendor"}))


def expectation() -> Expectation:
    scenario = Scenario("vendor", "vendor", {}, ("orangepi-5-plus",))
    configuration: Configuration = None  # type: ignore[assignment]
    return Expectation(scenario, BOARDS["orangepi-5-plus"], configuration, None, guarded=False)


def echo(question: NodeUnderTest) -> Answer:
    return passed(question.run("echo here").stdout.strip())


def plan(name: str, sshd: Sshd, count: Count, checks: list[Check[NodeUnderTest]], **change: Any) -> NodePlan:
    @contextmanager
    def connect() -> Iterator[SshLink]:
        with count.inside(), SshLink(sshd.node(name, **change), LIMITS, need_root=False) as link:
            yield link

    opened: Callable[[], AbstractContextManager[Any]] = connect
    return NodePlan(name, opened, expectation, checks)


def test_twenty_nodes_are_asked_five_at_a_time(sshd: Sshd) -> None:
    count = Count()
    checks = [check(number, echo) for number in range(2)]
    plans = [plan(f"n{number:02}", sshd, count, checks) for number in range(20)]
    with Fleet(plans, at_once=5) as fleet:
        for one in plans:
            for asked in checks:
                told = fleet.answer(one.name, asked.id, print)
                assert told.answer == passed("here")
                assert told.started > 0
    assert 2 <= count.most <= 5
    assert count.now == 0


def test_a_dead_node_is_inconclusive_at_once_and_delays_no_other(sshd: Sshd) -> None:
    count = Count()
    checks = [check(number, echo) for number in range(30)]
    with Fleet([plan("dead", sshd, count, checks, port=1), plan("alive", sshd, count, checks[:1])]) as fleet:
        started = time.monotonic()
        answers = [fleet.answer("dead", asked.id, print).answer for asked in checks]
        assert time.monotonic() - started < 20
        assert {answer.status for answer in answers} == {Status.INCONCLUSIVE}
        assert "nothing listens" in answers[-1].reason
        assert fleet.answer("alive", checks[0].id, print).answer.status is Status.PASS


def test_remaining_checks_of_a_lost_node_are_inconclusive_at_once(sshd: Sshd) -> None:
    asked: list[int] = []
    links: list[SshLink] = []

    @contextmanager
    def connect() -> Iterator[SshLink]:
        with SshLink(sshd.node(), LIMITS, need_root=False) as link:
            links.append(link)
            yield link

    def lose(question: NodeUnderTest) -> Answer:
        asked.append(1)
        links[0].lost = NodeError("gone")
        return passed("not the node's fault")

    checks = [check(0, lose), check(1, lose), check(2, lose)]
    with Fleet([NodePlan("lost", connect, expectation, checks)]) as fleet:
        answers = [fleet.answer("lost", one.id, print).answer for one in checks]
    assert [answer.status for answer in answers] == [Status.PASS, Status.INCONCLUSIVE, Status.INCONCLUSIVE]
    assert len(asked) == 1


def test_a_stopped_run_does_not_wait_for_a_node(sshd: Sshd) -> None:
    count = Count()
    running = threading.Event()

    def hang(question: NodeUnderTest) -> Answer:
        running.set()
        return passed(question.run("sleep 50").stdout)

    with pytest.raises(KeyboardInterrupt), Fleet([plan("slow", sshd, count, [check(0, hang)])]):
        assert running.wait(30)
        started = time.monotonic()
        raise KeyboardInterrupt
    assert time.monotonic() - started < 10
    assert count.now == 0


def test_a_stopped_run_does_not_wait_for_a_connection(sshd: Sshd) -> None:
    connecting = threading.Event()

    def connect() -> SshLink:
        connecting.set()
        return SshLink(sshd.node(), LIMITS, need_root=False)

    sshd.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(KeyboardInterrupt), Fleet([NodePlan("frozen", connect, expectation, [check(0, echo)])]):
            assert connecting.wait(30)
            started = time.monotonic()
            raise KeyboardInterrupt
    finally:
        sshd.process.send_signal(signal.SIGCONT)
    assert time.monotonic() - started < 5
