"""The testinfra host over the NixOS test driver: real commands through the driver's interface, and its failures."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from driver import DriverMachine, on_this_machine

from rknn_validation.checks.model import Status, passed
from rknn_validation.checks.node import NodeUnderTest, ask, checks_of
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import DeadlineExceeded, HarnessError, MachineError
from rknn_validation.nodes import nixos
from rknn_validation.nodes.nixos import DriverConnection, host

pytestmark = pytest.mark.integration

Duration = timedelta | int | float


@pytest.fixture
def machine(tmp_path: Path) -> DriverMachine:
    return on_this_machine("opi", tmp_path)


def broken(problem: Callable[[], tuple[int, str]]) -> DriverMachine:
    """A driver whose `execute` does something else."""

    class Broken(DriverMachine):
        def execute(
            self, command: str, check_return: bool = True, check_output: bool = True, timeout: int | None = 900
        ) -> tuple[int, str]:
            self.asked.append(command)
            return problem()

    return Broken("opi", Path(), lambda script, seconds: "")


@pytest.mark.parametrize(
    ("command", "status", "out", "err"),
    [
        ("true", 0, "", ""),
        ("exit 124", 124, "", ""),  # what timeout(1) answers when it had to kill
        ("false; echo after", 0, "after\n", ""),  # the driver's `set -e` is not the check's
        ("false | true", 0, "", ""),
        ('echo "[$UNSET]"', 0, "[]\n", ""),
        ("echo out; echo err >&2; exit 3", 3, "out\n", "err\n"),
        ("printf 'no newline'", 0, "no newline", ""),
        ("printf '\\nanswer-0 0\\n\\n'", 0, "\nanswer-0 0\n\n", ""),
        ("echo 'it'\"'\"'s \"$HOME\"'", 0, 'it\'s "$HOME"\n', ""),
        ("cat", 0, "", ""),  # no standard input to wait for
        ("kill -9 $$", 137, "", ""),
        ("cat <<E\nline $((1 + 1))\nE", 0, "line 2\n", ""),
    ],
)
def test_a_command_returns_its_status_and_streams(
    machine: DriverMachine, command: str, status: int, out: str, err: str
) -> None:
    result = host(DriverConnection(machine)).run(command)
    # bash tells of a killed child by its number.
    errors = result.stderr if status != 137 else ""
    assert (result.rc, result.stdout, errors) == (status, out, err)


class Newer(DriverMachine):
    """The driver of NixOS 26.11, whose durations are of a type of their own."""

    def execute(self, *given: Any, timeout: Duration | None = timedelta(seconds=900)) -> tuple[int, str]:  # type: ignore[override]
        assert isinstance(timeout, timedelta), "a bare number is deprecated"
        return super().execute(*given, timeout=int(timeout.total_seconds()))

    def wait_for_unit(self, unit: str, user: str | None = None, timeout: Duration = timedelta(seconds=900)) -> None:
        assert isinstance(timeout, timedelta), "a bare number is deprecated"
        self.asked.append(f"{unit} within {timeout.total_seconds():.0f} s")


def test_a_driver_whose_timeouts_are_durations_gets_durations(tmp_path: Path) -> None:
    older = on_this_machine("opi", tmp_path)
    newer = Newer("opi", tmp_path, older._shell)
    line = DriverConnection(newer)
    assert host(line).run("echo out").stdout == "out\n"
    line.wait_for_unit("multi-user.target", Deadline.after(30.5, "the unit"))
    assert newer.asked[-1] == "multi-user.target within 30 s"


def test_arguments_are_quoted(machine: DriverMachine) -> None:
    result = host(DriverConnection(machine)).run("printf '%%s|' %s %s", "a b", "$(id) 'c' \"d\"")
    assert result.stdout == "a b|$(id) 'c' \"d\"|"


def test_bytes_that_are_no_text_survive(machine: DriverMachine) -> None:
    result = host(DriverConnection(machine)).run("printf '\\377\\000x'")
    assert (result.stdout_bytes, result.stdout) == (b"\xff\x00x", "\ufffd\x00x")


def test_the_environment_is_that_of_no_login(machine: DriverMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/somewhere")
    result = host(DriverConnection(machine)).run("env")
    names = {line.partition("=")[0] for line in result.stdout.splitlines()}
    assert names <= {"PATH", "HOME", "USER", "LOGNAME", "LANG", "TERM", "PWD", "SHLVL", "_"}
    assert "PATH=/run/wrappers/bin:/run/current-system/sw/bin:" in result.stdout


def test_what_a_command_leaves_running_holds_nothing_up(machine: DriverMachine) -> None:
    started = time.monotonic()
    result = host(DriverConnection(machine), seconds=20).run("setsid sleep 15 & echo $!")
    assert time.monotonic() - started < 10
    assert host(DriverConnection(machine)).run("kill %s", result.stdout.strip()).rc == 0


def test_nothing_is_left_behind(machine: DriverMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert host(DriverConnection(machine)).run("true").rc == 0
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_takes_too_long_is_no_failed_check(machine: DriverMachine) -> None:
    with pytest.raises(DeadlineExceeded, match="gave up") as late:
        host(DriverConnection(machine), seconds=1).run("echo so far; sleep 30")
    assert "so far" in late.value.seen
    assert host(DriverConnection(machine), seconds=9).run("echo again").stdout == "again\n"  # the line is whole


def test_a_command_that_is_too_long_is_told(machine: DriverMachine) -> None:
    with pytest.raises(HarnessError, match="too long"):
        host(DriverConnection(machine)).run("#" * (nixos.COMMAND_BYTES + 1))
    assert machine.asked == []
    assert host(DriverConnection(machine)).run("#" * (nixos.COMMAND_BYTES - 1)).rc == 0


def raising(problem: Exception) -> Callable[[], tuple[int, str]]:
    def fail() -> tuple[int, str]:
        raise problem

    return fail


@pytest.mark.parametrize(
    "problem",
    [
        BrokenPipeError(32, "Broken pipe"),
        ConnectionResetError(104, "Connection reset by peer"),
        ValueError("invalid literal for int() with base 10: ''"),
        RuntimeError("Shell disconnected"),
        AssertionError(),
        TimeoutError("timed out"),
    ],
)
def test_a_driver_that_fails_is_inconclusive_and_not_asked_again(problem: Exception) -> None:
    machine = broken(raising(problem))
    line = DriverConnection(machine)
    with pytest.raises(MachineError, match="driver failed") as first:
        host(line).run("true")
    assert type(problem).__name__ in first.value.seen
    with pytest.raises(MachineError, match="can no longer be asked"):
        host(line).run("true")
    assert len(machine.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        (0, ""),
        (124, ""),  # the driver's own timeout
        (1, "mktemp: failed to create directory\n"),
        (0, "answer-0 0\n\n\n"),
        (0, "something else\n"),
    ],
)
def test_an_answer_that_cannot_be_read_is_inconclusive(answer: tuple[int, str]) -> None:
    with pytest.raises(MachineError, match="no answer that can be read"):
        host(DriverConnection(broken(lambda: answer))).run("true")


@pytest.mark.parametrize("change", [lambda text: text[:-9], lambda text: text + "more\n", lambda text: text[5:]])
def test_a_torn_answer_is_inconclusive(machine: DriverMachine, change: Callable[[str], str]) -> None:
    whole = machine.execute

    def torn(
        command: str, check_return: bool = True, check_output: bool = True, timeout: int | None = 900
    ) -> tuple[int, str]:
        status, text = whole(command, timeout=timeout)
        return status, change(text)

    machine.execute = torn  # type: ignore[method-assign]
    with pytest.raises(MachineError, match="no answer that can be read"):
        host(DriverConnection(machine)).run("echo some output; echo some errors >&2")


def test_a_machine_that_hangs_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nixos, "GRACE", 0)
    done = threading.Event()
    line = DriverConnection(broken(lambda: (int(done.wait(60)), "")))
    with pytest.raises(DeadlineExceeded) as late:
        host(line, seconds=1).run("true")
    assert "no longer answers" in late.value.seen
    with pytest.raises(MachineError, match="can no longer be asked"):
        host(line).run("true")
    done.set()


def test_every_check_of_a_dead_machine_is_inconclusive() -> None:
    from test_asking import expectation

    wanted = expectation()
    question = NodeUnderTest(host(DriverConnection(broken(raising(BrokenPipeError())))), wanted)
    assert {ask(check, question).status for check in checks_of(wanted)} == {Status.INCONCLUSIVE}
    assert passed("").status is Status.PASS


def test_a_unit_that_fails_is_told_and_the_machine_can_be_asked_on(machine: DriverMachine) -> None:
    def wait(unit: str, user: str | None = None, timeout: int = 900) -> None:
        raise RuntimeError(f'unit "{unit}" reached state "failed" after {timeout}')

    machine.wait_for_unit = wait  # type: ignore[method-assign]
    line = DriverConnection(machine)
    with pytest.raises(MachineError) as failed:
        line.wait_for_unit("multi-user.target", Deadline.after(9, "opi to boot"))
    assert 'unit "multi-user.target" reached state "failed"' in failed.value.seen
    assert host(line).run("echo still here").stdout == "still here\n"
