"""Scratch directories go with their run, at the latest when the next one starts."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from rknn_validation.common.workspace import PREFIX, sweep, workspace


@pytest.mark.unit
def test_a_workspace_is_removed_with_its_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with workspace() as directory:
        (directory / "file").write_bytes(b"")
        assert directory.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


@pytest.mark.integration
def test_only_folders_of_dead_processes_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen(["true"])
    ended.wait(10)
    unwaited = subprocess.Popen(["true"])  # in many a container nobody ever waits for what was killed
    os.waitid(os.P_PID, unwaited.pid, os.WEXITED | os.WNOWAIT)
    left = tmp_path / f"{PREFIX}{ended.pid}-x"
    zombie = tmp_path / f"{PREFIX}{unwaited.pid}-x"
    alive = tmp_path / f"{PREFIX}{os.getpid()}-x"
    foreign = tmp_path / "something-else"
    for directory in (left, zombie, alive, foreign):
        directory.mkdir()
    sweep()
    unwaited.wait(10)
    assert sorted(tmp_path.iterdir()) == sorted([alive, foreign])
