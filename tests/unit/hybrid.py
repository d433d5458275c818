"""A hybrid: the stand-in's modules and packages on nixpkgs' own library, for tests that are given one.

    RKNN_NIXPKGS_LIB=/path/to/26.05:/path/to/26.11 pytest tests/unit/nix/test_hybrid.py tests/unit/test_flake.py

Each path is a folder that holds nixpkgs' `lib`: a nixpkgs, or a checkout of github:nix-community/nixpkgs.lib. So much
of the real thing is to be had on a machine without nixpkgs itself, and shows whether anything rests on the stand-in's
own library.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.nix import nixpkgs
from rknn_validation.facts.nix.nixpkgs import STANDIN

VARIABLE = "RKNN_NIXPKGS_LIB"


def libraries() -> list[Any]:
    """Parameters: each given library, or one that skips and says how to give one."""
    given = [Path(path) for path in os.environ.get(VARIABLE, "").split(os.pathsep) if path]
    none = pytest.mark.skip(reason=f"{VARIABLE} names no folder with nixpkgs' lib")
    return [pytest.param(path, id=path.name) for path in given] or [pytest.param(None, id="none", marks=none)]


def made_of(library: Path, target: Path) -> Path:
    """The hybrid in `target`. Skips where Nix is too old for that library."""
    asked, present = nixpkgs.needed(library), nixpkgs.version(Deadline.after(20, "Nix"))
    if present is not None and present < asked:
        pytest.skip(f"{library} needs Nix {asked}, and this is {present}")
    shutil.copytree(STANDIN, target, ignore=lambda folder, _: ["lib"] if Path(folder) == STANDIN else [])
    shutil.copytree(library / "lib", target / "lib")
    return target
