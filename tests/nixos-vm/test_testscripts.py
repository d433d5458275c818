"""The NixOS tests' own testScripts, on emulated boards: healthy ones, broken ones, and one that dies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from xml.etree import ElementTree

import handmade
import pytest
from bench import BOOT_SECONDS, CONSOLE, RESTORE_SECONDS
from driver import DriverMachine, on_board
from nixostests import NAMES, NixosTest, evaluate

from rknn_validation.checks.model import Status, Verdict
from rknn_validation.checks.node import checks_of
from rknn_validation.common.deadline import Deadline
from rknn_validation.machine.activation import Guest, install
from rknn_validation.machine.emulator import Emulator, Identity
from rknn_validation.npu.stacks import STACKS
from rknn_validation.suites.nixostest import BEGIN, END, NotAccepted, read

pytestmark = pytest.mark.vm

Board = Callable[[str], DriverMachine]


@pytest.fixture(scope="session")
def tests() -> dict[str, NixosTest]:
    """The flake's NixOS tests."""
    return evaluate()


@pytest.fixture
def board(
    request: pytest.FixtureRequest, emulator: Emulator, guest: Guest, tests: dict[str, NixosTest], tmp_path: Path
) -> Iterator[Board]:
    """`board("udev")` is a restored board with that test's node on it, behind the driver's interface."""
    contexts: list[AbstractContextManager[DriverMachine]] = []

    def restore(name: str) -> DriverMachine:
        contexts.append(_restored(request, emulator, guest, tests[name], tmp_path))
        return contexts[-1].__enter__()

    try:
        yield restore
    finally:
        for context in contexts:
            context.__exit__(None, None, None)


@contextmanager
def _restored(
    request: pytest.FixtureRequest, emulator: Emulator, guest: Guest, test: NixosTest, scratch: Path
) -> Iterator[DriverMachine]:
    file = scratch / "expectation.json"
    file.write_text(test.expectation)
    expectation = read(file).expectation
    installation = install(handmade.facts(expectation.configuration), guest)
    npu = STACKS[test.npu] if expectation.board.is_rk3588 else None
    # Other boards may be waiting to boot before this one.
    deadline = Deadline.after(3 * BOOT_SECONDS, f"the board of {test.name}")
    snapshot = emulator.snapshot(Identity(expectation.board, npu), installation.tree, deadline)
    with snapshot.restore(Deadline.after(RESTORE_SECONDS, f"the restored board of {test.name}")) as machine:
        request.node.stash[CONSOLE] = machine.console_log
        out = scratch / "out"
        out.mkdir()
        yield on_board(machine, "machine", out)


def printed(said: str) -> list[Verdict]:
    """The verdicts in what a test printed, which is all that a failing derivation leaves."""
    between = said.partition(BEGIN)[2].partition(END)[0]
    return [Verdict.from_json(json.loads(line)) for line in between.splitlines() if line]


def written(directory: Path) -> dict[str, Status]:
    """Check and verdict of `results.json`; `junit.xml` has the same number of cases."""
    results = json.loads((directory / "results.json").read_text())
    cases = list(ElementTree.parse(directory / "junit.xml").iter("testcase"))
    assert len(cases) == len(results["verdicts"])
    assert results["finished"]
    assert any("QEMU" in name for name in results["stand_ins"])
    return {one["check"]: Status(one["status"]) for one in results["verdicts"]}


@pytest.mark.parametrize("name", NAMES)
def test_a_healthy_node_is_accepted(
    name: str, board: Board, tests: dict[str, NixosTest], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = board(name)
    tests[name].execute(machine, tmp_path)
    said = capsys.readouterr().out
    found = written(machine.out_dir)
    expected = {check.id for check in checks_of(read(tmp_path / Path(tests[name].file).name).expectation)}
    assert set(found) == expected
    assert set(found.values()) <= {Status.PASS, Status.SKIP}
    assert list(found.values()).count(Status.PASS) > len(found) / 2
    assert "every check that applies passed" in said
    assert BEGIN not in said


BROKEN = {
    "rule removed": (
        "udev",
        "rm /etc/udev/rules.d/60-rknn.rules && udevadm control --reload && udevadm trigger --action=add --settle",
        "udev.",
    ),
    "library link missing": ("library-path", "rm /usr/lib/librknnrt.so", "python.runtime-in-place"),
    "guard broken": ("guard", "ln -s /etc/hostname /usr/lib/librknnrt.so", "guard."),
    "trace left": ("module-off", "ln -s /nix/store/gone/librknnrt.so /usr/lib/librknnrt.so", "disabled.no-link"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_node_is_not_accepted(
    what: str, board: Board, tests: dict[str, NixosTest], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, damage, check = BROKEN[what]
    machine = board(name)
    machine.succeed(damage)
    with pytest.raises(NotAccepted) as refused:
        tests[name].execute(machine, tmp_path)
    assert "\n" not in str(refused.value)
    said = capsys.readouterr().out
    verdicts = printed(said)
    assert {one.check: one.status for one in verdicts} == written(machine.out_dir)
    failed = [one for one in verdicts if one.status is Status.FAIL]
    assert any(one.check.startswith(check) for one in failed), [one.check for one in failed]
    for one in failed:
        assert f"== {one.check}: fail: {one.reason}" in said
        assert f"remedy: {one.remedy}" in " ".join(said.split())  # it is printed in lines
        assert all(line in said for evidence in one.evidence for line in evidence.output.splitlines())


def test_a_machine_that_is_gone_is_inconclusive(
    board: Board, tests: dict[str, NixosTest], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = board("library-path")
    machine.crash()
    with pytest.raises(NotAccepted, match="inconclusive"):
        tests["library-path"].execute(machine, tmp_path)
    verdicts = printed(capsys.readouterr().out)
    assert {one.status for one in verdicts} == {Status.INCONCLUSIVE}
    assert {one.check: one.status for one in verdicts} == written(machine.out_dir)


def test_verdicts_from_before_a_machine_died_are_kept(
    board: Board, tests: dict[str, NixosTest], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = board("library-path")
    alive = machine.execute

    def mortal(
        command: str, check_return: bool = True, check_output: bool = True, timeout: int | None = 900
    ) -> tuple[int, str]:
        if len(machine.asked) == 12:
            machine.crash()
        return alive(command, check_return, check_output, timeout)

    machine.execute = mortal  # type: ignore[method-assign]
    with pytest.raises(NotAccepted, match="inconclusive"):
        tests["library-path"].execute(machine, tmp_path)
    found = [one.status for one in printed(capsys.readouterr().out)]
    assert found[0] is Status.PASS
    assert found[-1] is Status.INCONCLUSIVE
    assert Status.FAIL not in found
