"""Keeps what Nix has fetched: a link in the user's cache, which Nix's garbage collector respects."""

from __future__ import annotations

from pathlib import Path

from rknn_validation.common.cache import default_root
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.common.process import output

FOLDER = "inputs"
SECONDS = 30.0


def keep(path: Path, deadline: Deadline) -> Path:
    """The same store path, registered as a root of the garbage collector. Where Nix refuses, it serves all the same."""
    link = default_root() / FOLDER / path.name
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        command: list[str | Path] = ["nix-store", "--realise", path, "--add-root", link, "--indirect"]
        output(command, deadline.capped(SECONDS, f"Nix to keep {path}"))
    except (OSError, HarnessError):
        pass
    return path
