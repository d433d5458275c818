"""Host programs: missing, failing, slow, or on a full disk, each said in its own way."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from rknn_validation.common import process
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import DeadlineExceeded, MachineError, MissingToolError
from rknn_validation.common.process import output, tool


def soon(seconds: float = 10) -> Deadline:
    return Deadline.after(seconds, "a program")


@pytest.mark.unit
def test_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(MissingToolError, match="qemu-system-aarch64 is missing"):
        output(["qemu-system-aarch64", "--version"], soon())


@pytest.mark.unit
def test_administrators_programs_are_found_without_their_directories_on_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An ordinary Debian user has no /usr/sbin on PATH, where depmod is."""
    program = tmp_path / "sbin" / "depmod"
    program.parent.mkdir()
    program.touch(0o755)
    monkeypatch.setattr(process, "ADMINISTRATORS", str(program.parent))
    monkeypatch.setenv("PATH", "/nonexistent")
    assert tool("depmod") == str(program)


@pytest.mark.integration
def test_failing() -> None:
    with pytest.raises(MachineError) as caught:
        output(["sh", "-c", "echo why >&2; exit 3"], soon())
    assert "exit status 3: why" in caught.value.seen


@pytest.mark.integration
def test_slow() -> None:
    with pytest.raises(DeadlineExceeded):
        output(["sleep", "10"], soon(0.1))


@pytest.mark.integration
def test_disk_full() -> None:
    with pytest.raises(OSError) as caught:
        output(["sh", "-c", "echo 'tar: x: No space left on device' >&2; exit 2"], soon())
    assert caught.value.errno == errno.ENOSPC
