"""What Nix evaluates of files that do not change from one run to the next is kept for the next."""

from __future__ import annotations

import contextlib
import hashlib
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

from rknn_validation.pytestplugin.emulation import Once

T = TypeVar("T")


ROOT = Path(__file__).parents[1]
EVALUATION = tuple(
    f"src/rknn_validation/{part}"
    for part in ("common/*.py", "npu/**/*", "subject/*.py", "facts/*.py", "facts/nix/**/*")
)
"""What decides an evaluation besides what is evaluated: the stand-in, the expressions, and what reads results."""


class Kept(Protocol):
    """`kept(name, make, *inputs)`: what `make` returned when it was last made of the same files."""

    def __call__(self, name: str, make: Callable[[], T], /, *inputs: Path) -> T:
        """`inputs` are files and directories beside those of the harness itself that decide an evaluation."""


def kept_in(directory: Path | None, once: Once) -> Kept:
    """Keeps what is made in a directory, where there is one, and makes it once in a run in any case."""

    def kept(name: str, make: Callable[[], T], /, *inputs: Path) -> T:
        if directory is None:
            return once(name, make)
        file = directory / f"{name}-{key(inputs)}.pickle"

        def read_or_make() -> T:
            # Torn, or of classes that are no more: it is made again.
            with contextlib.suppress(Exception):
                known: T = pickle.loads(file.read_bytes())
                return known
            made = make()
            for old in directory.glob(f"{name}-*.pickle"):
                old.unlink(missing_ok=True)
            part = file.with_suffix(".part")
            part.write_bytes(pickle.dumps(made))
            part.rename(file)
            return made

        return once(name, read_or_make)

    return kept


def key(inputs: Iterable[Path]) -> str:
    """A hash of every file that decides an evaluation, and of who evaluates."""
    digest = hashlib.sha256(f"{sys.version} {_nix()}".encode())
    for path in deciding(inputs):
        digest.update(f"\0{path}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]


def deciding(inputs: Iterable[Path]) -> list[Path]:
    """The files that decide an evaluation, those of `inputs` among them."""
    own = (path for pattern in EVALUATION for path in ROOT.glob(pattern))
    given = (file for one in inputs for file in (one.rglob("*") if one.is_dir() else (one,)))
    return sorted(path for path in {*own, *given} if path.is_file() and "__pycache__" not in path.parts)


@cache
def _nix() -> str:
    return subprocess.run(["nix-instantiate", "--version"], capture_output=True, text=True, check=False).stdout
