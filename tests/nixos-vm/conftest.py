"""Emulated boards for the tests in this directory: booted once, restored for each test."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

import handmade
import pytest
from bench import BOOT_SECONDS, CONSOLE, RESTORE_SECONDS, SETUPS, Bench, Setup

from rknn_validation.common.cache import Cache
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.machine.activation import Guest, install
from rknn_validation.machine.emulator import Emulator, Identity
from rknn_validation.npu.boards import BOARDS


@pytest.fixture(scope="session")
def emulator(request: pytest.FixtureRequest, progress: Callable[[str], None]) -> Iterator[Emulator]:
    """Builds, boots and owns the boards of these tests, whose snapshots are evicted before a user's."""
    with Emulator(Cache(request.config.getoption("--cache"), for_tests=True), progress) as emulator:
        yield emulator


@pytest.fixture
def bench(request: pytest.FixtureRequest, emulator: Emulator, guest: Guest) -> Iterator[Callable[[str], Bench]]:
    """`bench("vendor")` is a pristine machine of that set-up (see bench.SETUPS); one per test."""
    restored: list[object] = []

    def restore(name: str) -> Bench:
        assert not restored, "one machine per test"
        setup: Setup = SETUPS[name]
        installation = install(handmade.facts(setup.configuration), guest)
        board = BOARDS[setup.board]
        identity = Identity(board, setup.stack if board.is_rk3588 else None)
        snapshot = emulator.snapshot(identity, installation.tree, Deadline.after(BOOT_SECONDS, f"the board {name}"))
        context = snapshot.restore(Deadline.after(RESTORE_SECONDS, f"the restored board {name}"))
        machine = context.__enter__()
        restored.append(context)
        request.node.stash[CONSOLE] = machine.console_log
        return Bench(machine, setup, guest, installation)

    try:
        yield restore
    finally:
        for context in restored:
            context.__exit__(None, None, None)  # type: ignore[attr-defined]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The console log goes with every test that fails."""
    report = yield
    console = item.stash.get(CONSOLE, None)
    if report.failed and call.when == "call" and console is not None:
        try:
            report.sections.append(("console log", console()))
        except (OSError, HarnessError) as problem:
            report.sections.append(("console log", f"cannot be read: {problem}"))
    return report
