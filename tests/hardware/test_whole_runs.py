"""Whole runs against servers on this machine: the password, and what a run that is ended leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from jumps import through
from leaks import files_with, processes_with
from localsshd import Sshd, running
from sudohost import PASSWORD, SECRET, unavailable, with_sudo
from wholeruns import ROOT, Run, started

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.workspace import sweep
from rknn_validation.subject.inventory import Node

pytestmark = pytest.mark.integration

HANG = """\
#!/bin/sh
set -- $SSH_CONNECTION
echo >>{directory}/sessions-$2
[ "$(wc -l <{directory}/sessions-$2)" -le {sessions} ] || {{ echo $$ >>{directory}/hangs; exec sleep 120; }}
exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"
"""


@contextmanager
def watched(secret: str) -> Iterator[list[str]]:
    """Looks at all processes, again and again: those that show the secret."""
    found: list[str] = []
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.05):
            found.extend(processes_with(secret))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
def test_the_password_is_asked_for_once_and_shown_nowhere(tmp_path: Path, workers: tuple[str, ...]) -> None:
    if why := unavailable():
        pytest.skip(why)
    for name in ("gate", "host"):
        (tmp_path / name).mkdir()
    words = ("-k", "device.present or device.opens", "--showlocals", "-v", *workers)
    with running(tmp_path / "gate") as gate, with_sudo(tmp_path / "host") as host, watched(SECRET) as shown:
        nodes = [
            through(gate, host, name="asked", user="asked", sudo="ask", jump=None),
            through(gate, host, name="behind", user="lectured", sudo="ask"),
            through(gate, host, name="stranger", user="stranger", sudo="ask", jump=None),
            through(gate, host, name="free", user="free", sudo="passwordless", jump=None),
        ]
        with started(tmp_path, nodes, *words) as run:
            run.wait_for(120, lambda: "sudo password for asked, behind, stranger: " in run.text())
            run.type(f"{PASSWORD}\n")
            status = run.end(240)
            left = files_with(SECRET, run.report, run.scratch, host.directory, gate.directory)
    assert status == pytest.ExitCode.TESTS_FAILED, run.text()
    assert run.text().count("sudo password for") == 1
    assert (shown, left, SECRET in run.text()) == ([], [], False)
    verdicts = run.results()["verdicts"]
    assert len(verdicts) == 8, run.text()
    assert {one["node"] for one in verdicts if one["status"] == "inconclusive"} == {"stranger"}, run.text()
    unasked = [one for one in verdicts if one["node"] == "stranger"]
    assert all("may not run everything with sudo" in one["reason"] and one["status"] != "fail" for one in unasked)


def test_a_missing_password_is_a_usage_error(tmp_path: Path) -> None:
    node = Node("asked", "127.0.0.1", "orangepi-5-plus", "vendor", user="asked", port=1, sudo="ask")
    with started(tmp_path, [node], "--collect-only", "-q") as run:
        assert run.end(120) == 0, run.text()  # to look at the questions, nobody is asked
    with started(tmp_path, [node]) as run:
        run.wait_for(120, lambda: "sudo password for" in run.text())
        run.type("\x04")  # Ctrl-D: the end of input
        assert run.end(60) == pytest.ExitCode.USAGE_ERROR, run.text()
        assert "has to be typed" in run.text() and "INTERNALERROR" not in run.text()
    command = [*run.command, "-n", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, "no terminal" in done.stderr) == (pytest.ExitCode.USAGE_ERROR, True), done.stderr


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[Sshd]:
    """A server that lets a client connect and become root, and hangs in its first check."""
    script = tmp_path / "hang"
    directory = tmp_path / "hanging"
    directory.mkdir()
    script.write_text(HANG.format(directory=directory, sessions=2))
    script.chmod(0o755)
    with running(directory, f"ForceCommand {script}") as server:
        yield server
        for pid in hung(server):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def hung(server: Sshd) -> list[int]:
    """The commands it does not answer."""
    told = server.directory / "hangs"
    return [int(line) for line in told.read_text().splitlines()] if told.exists() else []


@contextmanager
def in_mid_check(tmp_path: Path, sshd: Sshd, hanging: Sshd, *words: str) -> Iterator[Run]:
    """A run that has one verdict, waits for a node in mid-check, for one behind a jump host, and for a frozen one."""
    for name in ("gate", "frozen"):
        (tmp_path / name).mkdir()
    with running(tmp_path / "gate") as gate, running(tmp_path / "frozen") as frozen:
        frozen.process.send_signal(signal.SIGSTOP)
        nodes = [sshd.node("quick"), hanging.node("hung"), through(gate, hanging, name="behind")]
        nodes.append(through(frozen, hanging, name="unreached"))
        more = ("-k", "device.present", "--connect-deadline", "60", *words)
        with started(tmp_path, nodes, *more) as run:
            run.wait_for(120, run.journal, lambda: len(hung(hanging)) == 2)
            yield run


def wait_until_gone(mark: str, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while left := processes_with(mark):
        assert time.monotonic() < end, [Path(path).with_name("cmdline").read_bytes() for path in left]
        time.sleep(0.05)


@pytest.mark.skipif(os.getuid() != 0, reason="a node is asked as root")
@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
@pytest.mark.parametrize("end", ["Ctrl-C", "SIGTERM"])
def test_an_interrupted_run_keeps_its_verdicts_and_leaves_no_connection(
    tmp_path: Path, sshd: Sshd, hanging: Sshd, workers: tuple[str, ...], end: str
) -> None:
    with in_mid_check(tmp_path, sshd, hanging, *workers) as run:
        interrupted = time.monotonic()
        if end == "Ctrl-C":
            run.type("\x03")  # reaches workers as well
        else:
            run.process.terminate()
        assert run.end(60) == pytest.ExitCode.INTERRUPTED, run.text()
        assert time.monotonic() - interrupted < 30  # the connection in the making had 60 s
        wait_until_gone(run.mark)
        assert list(run.scratch.glob("rknn-validation-*")) == []
    results = run.results()
    assert results["finished"] is False
    assert [(one["node"], one["status"]) for one in results["verdicts"] if one["status"] != "inconclusive"] == [
        ("quick", "fail")
    ]


@pytest.mark.skipif(os.getuid() != 0, reason="a node is asked as root")
@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
def test_a_killed_run_keeps_its_verdicts_and_leaves_no_connection(
    tmp_path: Path, sshd: Sshd, hanging: Sshd, workers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_mid_check(tmp_path, sshd, hanging, *workers) as run:
        run.process.kill()
        run.process.wait()
        wait_until_gone(run.mark)
        assert [(one["node"], one["status"]) for one in run.journal()] == [("quick", "fail")]
        assert list(run.scratch.glob("rknn-validation-*")), "no socket's directory, so nothing to sweep"
        monkeypatch.setattr(tempfile, "tempdir", str(run.scratch))
        # As the next run does. A worker notices that it is alone a moment after the run has gone.
        patience = Deadline.after(20, "the workers to go")
        while list(run.scratch.glob("rknn-validation-*")) and patience.remaining():
            sweep()
