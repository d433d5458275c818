"""Compiles the guest's own C sources for aarch64, into the cache."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rknn_validation.common.cache import Cache, Progress, Wanted
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.process import output

SOURCES = Path(__file__).parent / "guest"
COMPILER = "aarch64-linux-gnu-gcc"
PROGRAMS = ("init", "agent")


def programs(cache: Cache, deadline: Deadline, progress: Progress) -> dict[str, bytes]:
    """The static programs `init` and `agent` by name. Raises MissingToolError without a cross compiler."""

    def build(target: Path) -> None:
        for name in PROGRAMS:
            flags = ("-static", "-Os", "-s", "-Wall", "-Wextra", "-Werror")
            output([COMPILER, *flags, "-o", target / name, SOURCES / f"{name}.c"], deadline)

    key = hashlib.sha256(b"\0".join((SOURCES / f"{name}.c").read_bytes() for name in PROGRAMS)).hexdigest()
    directory = cache.entry(Wanted("programs", key, "the guest's programs", 4 * 1024**2), build, deadline, progress)
    return {name: (directory / name).read_bytes() for name in PROGRAMS}
