"""A run that is interrupted or killed leaves no machine behind, and its verdicts are kept."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from rknn_validation.common.deadline import Deadline

pytestmark = pytest.mark.vm

ROOT = Path(__file__).resolve().parents[2]
MARK = "RKNN_TEST_RUN"


def marked(mark: str) -> dict[int, str]:
    """Live processes that carry this run's mark in their environment, with their command."""
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f"{MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue  # ended meanwhile, or not ours to read
    return found


class Run:
    """A pytest of its own, judging one scenario on a board."""

    def __init__(self, report: Path) -> None:
        self.mark = uuid.uuid4().hex
        self.journal = report / "verdicts.jsonl"
        words = ["-m", "verdict and vm", "-k", "disabled-orangepi", "-p", "no:cacheprovider", "--report", str(report)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *words],
            cwd=ROOT,
            env={**os.environ, MARK: self.mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def wait_for_a_verdict(self, deadline: Deadline) -> None:
        """Until the first verdict is on disk: a machine has been restored by then."""
        assert self.process.stdout is not None
        while not (self.journal.exists() and self.journal.stat().st_size):
            ready, _, _ = select.select([self.process.stdout], [], [], deadline.remaining())
            assert ready and os.read(self.process.stdout.fileno(), 65536), "pytest ended before it judged anything"

    def wait_until_gone(self, deadline: Deadline) -> None:
        """Until no process of the run is left; the kernel tells nobody when a grandchild ends, so look."""
        while left := marked(self.mark):
            assert deadline.remaining(), left
            time.sleep(0.05)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    started = Run(tmp_path / "report")
    try:
        yield started
    finally:
        started.process.kill()
        started.process.communicate(timeout=30)


def test_an_interrupted_run_keeps_its_verdicts_and_leaves_nothing_running(run: Run, tmp_path: Path) -> None:
    run.wait_for_a_verdict(Deadline.after(400, "the first verdict"))
    run.process.send_signal(signal.SIGINT)
    run.process.communicate(timeout=60)
    assert run.process.returncode == pytest.ExitCode.INTERRUPTED
    run.wait_until_gone(Deadline.after(10, "the run's processes to end"))
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    assert results["verdicts"]
    assert results["finished"] is False


def test_a_killed_run_keeps_its_verdicts_and_leaves_nothing_running(run: Run) -> None:
    run.wait_for_a_verdict(Deadline.after(400, "the first verdict"))
    run.process.kill()
    run.wait_until_gone(Deadline.after(10, "the run's processes to end"))
    assert run.journal.read_text().splitlines()
