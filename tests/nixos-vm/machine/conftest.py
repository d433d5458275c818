"""Bare boards (no configuration on them), for tests of the machine itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from rknn_validation.common.deadline import Deadline
from rknn_validation.machine.emulator import Emulator, Identity, Machine, Snapshot
from rknn_validation.machine.moduletree import module_tree
from rknn_validation.npu.boards import BOARDS
from rknn_validation.npu.stacks import MAINLINE, STACKS, VENDOR, Stack

BOOT_SECONDS = 600.0
RESTORE_SECONDS = 30.0

SnapshotOf = Callable[[str, Stack | None], Snapshot]


@pytest.fixture(scope="session")
def snapshot_of(emulator: Emulator) -> SnapshotOf:
    """`snapshot_of("rock-5b", VENDOR)`: the board with both simulated drivers installed and that stack's nodes.

    Both drivers are there on every board with a stack, so that what loads is the device tree's choice.
    """

    def get(board: str, stack: Stack | None) -> Snapshot:
        deadline = Deadline.after(BOOT_SECONDS, f"a bare {board}")
        image = emulator.image(deadline)
        tree = module_tree(image, (each.module for each in STACKS.values()), deadline) if stack else None
        return emulator.snapshot(Identity(BOARDS[board], stack), tree, deadline)

    return get


@pytest.fixture
def restored(snapshot_of: SnapshotOf) -> Callable[..., AbstractContextManager[Machine]]:
    """`with restored("virt") as machine`."""

    def restore(board: str, stack: Stack | None = None) -> AbstractContextManager[Machine]:
        return snapshot_of(board, stack).restore(Deadline.after(RESTORE_SECONDS, f"a clone of {board}"))

    return restore


@pytest.fixture
def machine(restored: Callable[..., AbstractContextManager[Machine]]) -> Iterator[Machine]:
    """A pristine Orange Pi 5 Plus without NPU nodes."""
    with restored("orangepi-5-plus") as machine:
        yield machine


@pytest.fixture
def vendor(restored: Callable[..., AbstractContextManager[Machine]]) -> Iterator[Machine]:
    """A pristine Orange Pi 5 Plus with the vendor's NPU node."""
    with restored("orangepi-5-plus", VENDOR) as machine:
        yield machine


@pytest.fixture
def mainline(restored: Callable[..., AbstractContextManager[Machine]]) -> Iterator[Machine]:
    """A pristine Orange Pi 5 Plus with mainline's NPU nodes."""
    with restored("orangepi-5-plus", MAINLINE) as machine:
        yield machine
