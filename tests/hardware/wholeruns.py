"""Runs of `pytest --hardware` as their users start them, in a terminal of their own."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rknn_validation.subject.inventory import Node

ROOT = Path(__file__).resolve().parents[2]
KEYS = ("host", "user", "port", "identity", "jump", "ssh_config", "sudo", "board", "scenario")


def written(directory: Path, nodes: Sequence[Node]) -> Path:
    """An inventory of these nodes."""
    entries = {node.name: {key: value for key in KEYS if (value := getattr(node, key)) is not None} for node in nodes}
    path = directory / "nodes.yaml"
    path.write_text(json.dumps({"nodes": entries}, default=str))  # which is YAML as well
    return path


class Run:
    """A run on a terminal, which is read by whoever waits. Its processes carry `mark` in their environment."""

    def __init__(self, directory: Path, nodes: Sequence[Node], *words: str) -> None:
        self.report = directory / "report"
        # Short, for a socket's path has to be.
        self.scratch = Path(tempfile.mkdtemp(prefix="t-", dir="/tmp"))
        self.mark = uuid.uuid4().hex
        self.said = b""
        self.terminal, theirs = pty.openpty()
        self.command = [
            sys.executable,
            "-m",
            "pytest",
            "--hardware",
            "--inventory",
            str(written(directory, nodes)),
            "-m",
        ]
        self.command += ["hardware", "-p", "no:cacheprovider", "--report", str(self.report), *words]
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *self.command],
            cwd=ROOT,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TMPDIR": str(self.scratch), "RKNN_TEST_RUN": self.mark},
        )
        os.close(theirs)

    def wait_for(self, seconds: float, *events: Any) -> None:
        """Until each of these says yes; the terminal is read meanwhile. It has to come before the run's end."""
        end = time.monotonic() + seconds
        while not all(event() for event in events):
            assert time.monotonic() < end and self.read(0.1), self.text()

    def read(self, seconds: float) -> bool:
        """Read what comes within some seconds: False at the end."""
        ready, _, _ = select.select([self.terminal], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.terminal, 65536)
        except OSError:  # nobody has it open any more
            return False
        self.said += data
        return bool(data)

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def text(self) -> str:
        return self.said.decode(errors="replace").replace("\r", "")

    def end(self, seconds: float) -> int:
        """Its exit status; the terminal is read to its end."""
        last = time.monotonic() + seconds
        while self.read(0.1):
            assert time.monotonic() < last, self.text()
        return self.process.wait(timeout=max(1.0, last - time.monotonic()))

    def journal(self) -> list[dict[str, Any]]:
        """The verdicts so far."""
        path = self.report / "verdicts.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def results(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.report / "results.json").read_text())
        return found


@contextmanager
def started(directory: Path, nodes: Sequence[Node], *words: str) -> Iterator[Run]:
    """A run that does not outlive the context."""
    run = Run(directory, nodes, *words)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            os.killpg(run.process.pid, signal.SIGKILL)
        run.process.wait()
        os.close(run.terminal)
        shutil.rmtree(run.scratch)
