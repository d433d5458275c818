"""Where what is made once is kept for later runs."""

from __future__ import annotations

import os
from pathlib import Path


def default_root() -> Path:
    """`$XDG_CACHE_HOME/rknn-validation`, or below `~/.cache` where that is unset (XDG base directory specification)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "rknn-validation"
