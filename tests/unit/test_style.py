"""Linters run as tests, so that no commit passes with what they would say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
LINTERS = {
    "ruff check": [sys.executable, "-m", "ruff", "check", "."],
    "ruff format": [sys.executable, "-m", "ruff", "format", "--check", "."],
    "mypy": [sys.executable, "-m", "mypy"],
}


@pytest.mark.parametrize("name", LINTERS)
def test_linter_is_silent(name: str) -> None:
    done = subprocess.run(LINTERS[name], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def tracked_files(pattern: str) -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z", pattern], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).exists()]


def test_no_registry_host_or_machine_path_is_written_down() -> None:
    # Spelled in parts, so that this file does not find itself.
    hosts = ("deb.debian" + ".org", "pypi" + ".org", "pythonhosted" + ".org", "registry.npmjs" + ".org")
    for path in tracked_files("*"):
        text = path.read_text(encoding="utf-8", errors="ignore")
        for word in hosts:
            assert word not in text, f"{path.relative_to(ROOT)} names {word}"
