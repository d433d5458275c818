"""pytest: fixtures of emulated boards, and what workers of one run share."""

from __future__ import annotations

import fcntl
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from rknn_validation.common.cache import Cache
from rknn_validation.common.deadline import Deadline
from rknn_validation.machine.activation import Guest
from rknn_validation.machine.emulator import Emulator

IMAGE_SECONDS = 600.0
T = TypeVar("T")


class Once(Protocol):
    """`once(name, make)`: what `make` returns, made once in a whole run. It has to survive pickling."""

    def __call__(self, name: str, make: Callable[[], T], /) -> T:
        """Under that name, which is the run's."""


def once_in(directory: Path) -> Once:
    """Keeps what is made in a directory that all workers of the run share."""

    def once(name: str, make: Callable[[], T], /) -> T:
        kept = directory / f"{name}.pickle"
        with kept.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                kept.write_bytes(pickle.dumps(make()))
        found: T = pickle.loads(kept.read_bytes())
        return found

    return once


@pytest.fixture(scope="session")
def once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Once:
    """`once(name, make)`: what `make` returns, made once in a run however many workers it has."""
    own = tmp_path_factory.getbasetemp()
    return once_in(own.parent if hasattr(request.config, "workerinput") else own)


@pytest.fixture(scope="session")
def emulator(request: pytest.FixtureRequest, progress: Callable[[str], None]) -> Iterator[Emulator]:
    """Builds, boots and owns the boards of this run."""
    with Emulator(Cache(request.config.getoption("--cache")), progress) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def guest(emulator: Emulator) -> Guest:
    """What the boards' image offers to an installation."""
    deadline = Deadline.after(IMAGE_SECONDS, "the board's image")
    return Guest.of(emulator.image(deadline), deadline)
