"""Boards of the subject's own scenarios, with a network."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping

import pytest
from sshboard import Keys, SshBoard

from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.model import Facts
from rknn_validation.machine.activation import Guest
from rknn_validation.machine.emulator import Emulator, Identity
from rknn_validation.npu.boards import BOARDS
from rknn_validation.suites.boards import DebianBoards

BOOT_SECONDS = 240.0
RESTORE_SECONDS = 60.0

Restore = Callable[[str, str], contextlib.AbstractContextManager[SshBoard]]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """The keys of this run."""
    return Keys.made(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def restored(emulator: Emulator, gathered: Mapping[str, Facts], guest: Guest, keys: Keys) -> Restore:
    """`restored("opi01", "orangepi-5-plus")` is a pristine board of scenario `vendor` that can be logged in to."""
    boards = DebianBoards(gathered, emulator, guest)

    @contextlib.contextmanager
    def restore(name: str, board: str) -> Iterator[SshBoard]:
        installation = boards.installation("vendor")
        identity = Identity(BOARDS[board], installation.npu if BOARDS[board].is_rk3588 else None)
        deadline = Deadline.after(BOOT_SECONDS, f"{board} with a network")
        snapshot = emulator.snapshot(identity, installation.tree, deadline, network=True)
        with snapshot.restore(Deadline.after(RESTORE_SECONDS, f"{name} restored")) as machine:
            yield SshBoard.started(machine, keys, name, board, "vendor")

    return restore


@pytest.fixture
def board(restored: Restore) -> Iterator[SshBoard]:
    """A pristine Orange Pi 5 Plus, for one test alone."""
    with restored("opi01", "orangepi-5-plus") as board:
        yield board


@pytest.fixture(scope="session")
def shared(restored: Restore) -> Iterator[SshBoard]:
    """An Orange Pi 5 Plus for tests that leave it as they found it."""
    with restored("opi01", "orangepi-5-plus") as board:
        yield board
