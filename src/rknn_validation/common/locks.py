"""File locks between runs that share a cache. They are released when the process that holds them ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from rknn_validation.common.deadline import Deadline

POLL_SECONDS = 0.1
"""flock(2) has no timeout, so waiting means trying again."""


class FileLock:
    """An advisory lock on `path` (created if missing), shared or exclusive; released on exit."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def attempt(self, *, shared: bool) -> bool:
        """Take the lock if it is free; whether it is now held."""
        if self._descriptor is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def acquire(self, deadline: Deadline, *, shared: bool, waiting: Callable[[], None] = lambda: None) -> None:
        """Take the lock, calling `waiting` once if that takes a while. Raises DeadlineExceeded."""
        if self.attempt(shared=shared):
            return
        waiting()
        while not self.attempt(shared=shared):
            time.sleep(min(POLL_SECONDS, deadline.remaining()))

    def touch(self) -> None:
        """Record that what the lock guards was used just now."""
        if self._descriptor is not None:
            os.utime(self._descriptor)

    def release(self) -> None:
        """Release the lock; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> FileLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
