"""Scratch directories of running machines, swept up after runs that were killed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = "rknn-validation-"


@contextlib.contextmanager
def workspace() -> Iterator[Path]:
    """A private directory that goes with the context, or is swept up later if this process is shot."""
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-") as directory:
        yield Path(directory)


def sweep() -> None:
    """Remove this user's scratch directories whose process is no more."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = re.fullmatch(rf"{PREFIX}(\d+)-.*", path.name)
        if owner is None or Path("/proc", owner[1]).exists():
            continue
        with contextlib.suppress(FileNotFoundError):  # another run sweeps as well
            if path.stat().st_uid == os.getuid():
                shutil.rmtree(path, ignore_errors=True)
