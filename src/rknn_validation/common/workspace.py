"""Scratch directories of a run; those of runs that were killed are removed by the next one."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = "rknn-validation-"


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A private directory that goes with the object, or is removed by a later run if this process is killed."""
    return tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-")


@contextlib.contextmanager
def workspace() -> Iterator[Path]:
    """A private directory that goes with the context."""
    with scratch() as directory:
        yield Path(directory)


def sweep() -> None:
    """Remove this user's scratch directories whose process has ended."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = re.fullmatch(rf"{PREFIX}(\d+)-.*", path.name)
        if owner is None or lives(Path("/proc", owner[1], "stat")):
            continue
        with contextlib.suppress(FileNotFoundError):  # another run sweeps as well
            if path.stat().st_uid == os.getuid():
                shutil.rmtree(path, ignore_errors=True)


def lives(stat: Path) -> bool:
    """Whether a process still runs: in a container, a killed one may stay a zombie."""
    try:
        state = stat.read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")
