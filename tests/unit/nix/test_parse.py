"""Every Nix file in the repository is one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.process import run, tool

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[3]
BROKEN = ("broken-syntax", "syntax-error")
"""Files below a directory whose name ends like this are wrong on purpose."""


def nix_files() -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.nix"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).exists()]


def parse(files: list[Path]) -> subprocess.CompletedProcess[str]:
    command = [tool("nix-instantiate", "install Nix"), "--parse", *map(str, files)]
    return run(command, deadline=Deadline.after(60, "parsing"))


def test_every_nix_file_parses() -> None:
    files = [path for path in nix_files() if not any(part.endswith(BROKEN) for part in path.parts)]
    assert len(files) > 50
    done = parse(files)
    assert done.returncode == 0, done.stderr


def test_files_with_deliberate_syntax_errors_do_not_parse() -> None:
    for path in nix_files():
        if any(part.endswith(BROKEN) for part in path.parts) and path.name == "module.nix":
            assert parse([path]).returncode != 0, path


def test_nixpkgs_names_are_spelled_out() -> None:
    # `with lib;` at the top of a file hides where names come from; what a table says may do as it likes.
    for path in nix_files():
        assert "\nwith lib;" not in "\n" + path.read_text(), f"{path.relative_to(ROOT)} has `with lib;` at file level"
