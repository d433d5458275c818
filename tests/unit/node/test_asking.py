"""How node checks are asked: which apply, and what a dead machine or a broken check gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import handmade
import pytest

from rknn_validation.checks.model import Answer, Check, Status, passed
from rknn_validation.checks.node import NODE_CHECKS, Expectation, NodeUnderTest, ask, checks_of
from rknn_validation.checks.node.registry import STAGES, Ran
from rknn_validation.common.command import Completed
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError, MachineError
from rknn_validation.nodes.console import host
from rknn_validation.npu.boards import BOARDS
from rknn_validation.npu.stacks import STACKS
from rknn_validation.subject.validation import Scenario

pytestmark = pytest.mark.unit


@dataclass
class FakeMachine:
    """Answers every command the same way."""

    done: Completed = field(default_factory=lambda: Completed(0, b"", b""))
    problem: Exception | None = None
    asked: list[tuple[str, float]] = field(default_factory=list)

    def run(self, command: str, *, stdin: bytes = b"", deadline: Deadline | None = None) -> Completed:
        assert deadline is not None
        self.asked.append((command, deadline.seconds))
        if self.problem:
            raise self.problem
        return self.done


def expectation(stack: str = "vendor", board: str = "orangepi-5-plus", **more: Any) -> Expectation:
    scenario = Scenario("x", stack, {}, (board,))
    identity = BOARDS[board]
    configuration = handmade.vendor(**more)
    return Expectation(scenario, identity, configuration, STACKS.get(stack), guarded=not identity.is_rk3588)


def question(machine: FakeMachine, **more: Any) -> NodeUnderTest:
    return NodeUnderTest(host(machine, seconds=7), expectation(**more))


@pytest.mark.parametrize(
    ("stack", "board", "topics"),
    [
        ("vendor", "orangepi-5-plus", {"units", "kernel", "device", "access", "udev", "library", "python"}),
        ("mainline", "rock-5b", {"units", "kernel", "device", "access", "udev", "library"}),
        ("vendor", "raspberrypi-4-b", {"units", "udev", "guard"}),
        ("mainline", "virt", {"units", "udev", "guard"}),
        ("none", "orangepi-5-plus", {"units", "disabled"}),
        ("none", "virt", {"units", "disabled"}),
    ],
)
def test_checks_apply_by_stack_and_board_in_the_order_of_their_stages(stack: str, board: str, topics: set[str]) -> None:
    chosen = checks_of(expectation(stack, board))
    assert {check.id.partition(".")[0] for check in chosen} == topics
    stages = [STAGES.index(check.stage) for check in chosen]
    assert stages == sorted(stages)


@pytest.mark.parametrize("check", NODE_CHECKS.all(), ids=lambda check: check.id)
def test_every_check_of_a_dead_machine_is_inconclusive_not_failed(check: Check[NodeUnderTest]) -> None:
    stack = "vendor" if "vendor" in check.stacks else sorted(check.stacks)[0]
    board = "orangepi-5-plus" if "rk3588" in check.boards else "raspberrypi-4-b"
    dead = FakeMachine(problem=MachineError("the board died"))
    answer = ask(check, question(dead, stack=stack, board=board))
    assert (answer.status, answer.reason) == (Status.INCONCLUSIVE, "the board died")


@pytest.mark.parametrize("check", NODE_CHECKS.all(), ids=lambda check: check.id)
def test_a_node_where_no_command_works_passes_no_check(check: Check[NodeUnderTest]) -> None:
    """Every command fails, as on a node without any of the tools: only checks of an absence may pass."""
    stack = "vendor" if "vendor" in check.stacks else sorted(check.stacks)[0]
    board = "orangepi-5-plus" if "rk3588" in check.boards else "raspberrypi-4-b"
    broken = FakeMachine(Completed(127, b"", b"command not found"))
    answer = ask(check, question(broken, stack=stack, board=board))
    assert answer.status is not Status.PASS, answer.reason


def test_a_check_that_raises_an_exception_is_inconclusive() -> None:
    def breaks(question: NodeUnderTest) -> Answer:
        raise ValueError("oops")

    check = Check("units.y", "?", "!", breaks, frozenset({"vendor"}))
    answer = ask(check, question(FakeMachine()))
    assert answer.status is Status.INCONCLUSIVE
    assert "oops" in answer.reason


def test_a_check_that_does_not_apply_is_skipped() -> None:
    check = Check("units.y", "?", "!", lambda _: passed("never"), frozenset({"mainline"}))
    assert ask(check, question(FakeMachine())).status is Status.SKIP


def test_the_console_backend_is_a_testinfra_host() -> None:
    machine = FakeMachine(Completed(3, "größe\n".encode() + b"\xff", b"oh"))
    result = host(machine, seconds=7).run("stat %s", "a b")
    assert (result.rc, result.stdout, result.stderr) == (3, "größe\n\ufffd", "oh")
    assert machine.asked == [("stat 'a b'", 7)]


def test_a_dead_machine_raises_instead_of_returning_an_exit_status() -> None:
    machine = FakeMachine(problem=MachineError("gone"))
    with pytest.raises(HarnessError, match="gone"):
        host(machine).run("true")


def test_evidence_is_shortened_but_keeps_both_ends() -> None:
    ran = Ran("x", 1, "\n".join(str(number) for number in range(1000)), "end")
    lines = ran.evidence.output.splitlines()
    assert lines[0] == "0"
    assert lines[-2:] == ["end", "(exit status 1)"]
    assert len(lines) < 50
