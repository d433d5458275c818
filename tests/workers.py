"""What several of pytest-xdist's workers need is made by one of them; the others wait for it and read it."""

from __future__ import annotations

import fcntl
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

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
