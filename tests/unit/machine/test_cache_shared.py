"""The cache between two runs, and on a disk that is really full."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_cache import MEGA, WANTED, Builder, leftovers, soon

from rknn_validation.common.cache import Cache, Wanted
from rknn_validation.common.errors import DeadlineExceeded, HarnessError
from rknn_validation.common.files import allocated

pytestmark = pytest.mark.integration


def hold(root: Path, started: multiprocessing.synchronize.Event, go: multiprocessing.synchronize.Event) -> None:
    def build(target: Path) -> None:
        started.set()
        assert go.wait(10)
        (target / "file").write_bytes(b"by the first run")

    Cache(root).entry(WANTED, build, soon(), print)


def test_of_two_runs_one_builds_and_the_other_waits(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    started, go = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path, started, go))
    other.start()
    try:
        assert started.wait(20)
        builder = Builder()
        said = builder.said

        def say(line: str) -> None:
            said.append(line)
            go.set()

        path = Cache(tmp_path).entry(WANTED, builder, soon(20), say)
    finally:
        go.set()
        other.join(20)
    assert (path / "file").read_bytes() == b"by the first run"
    assert builder.built == 0
    assert said == ["waiting for another run: a thing"]


def test_waiting_for_another_run_ends_at_the_deadline(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    started, go = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path, started, go))
    other.start()
    try:
        assert started.wait(20)
        with pytest.raises(DeadlineExceeded):
            Cache(tmp_path).entry(WANTED, Builder(), soon(0.3), lambda line: None)
    finally:
        go.set()
        other.join(20)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8M", "tmpfs", disk], check=True, timeout=10)
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True, timeout=10)


def test_a_disk_that_is_too_small_from_the_start(tiny_disk: Path) -> None:
    builder = Builder()
    big = Wanted("thing", "1" * 40, "a big thing", 100 * MEGA)
    with pytest.raises(HarnessError, match="no space left for a big thing") as caught:
        builder.get(tiny_disk, big)
    assert "100 MiB free" in caught.value.expected
    assert builder.built == 0
    assert leftovers(tiny_disk) == []


def test_a_disk_that_fills_up(tiny_disk: Path) -> None:
    """The estimate was too low: found out by writing, undone, and said."""
    builder = Builder(b"x" * (20 * MEGA))
    with pytest.raises(HarnessError, match="no space left for a thing"):
        builder.get(tiny_disk)
    assert leftovers(tiny_disk) == []
    assert allocated(tiny_disk) < MEGA
