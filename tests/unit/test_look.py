"""The output of `rknn-validate` on a terminal and in a pipe, for complete, interrupted and broken runs."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path
from typing import Any

import pytest
from test_plugin import ROOT, judged, subject

pytestmark = pytest.mark.integration

ESCAPES = re.compile(r"\x1b\[[0-9;]*[mK]")
WIDTH = 80
# Slow, or broken in one way, at the question about the type of services.
ODD = """\
import os, time
import pytest

ODD = os.environ["ODD"]

@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    if ODD == "slow":
        time.sleep(0.5)
    if ODD == "crash" and "units.service-type-valid" in item.name:
        os._exit(3)
    return (yield)

@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    yield
    if ODD == "teardown" and "udev.programs-exist" in item.name:
        raise RuntimeError("the teardown broke")

def pytest_runtest_logreport(report):
    if ODD == "internal" and "udev.programs-exist" in report.nodeid and report.when == "call":
        raise RuntimeError("the harness broke")
"""


def started(directory: Path, *args: str, **more: str) -> dict[str, Any]:
    """How to start the command where this subject is, with variables of the environment."""
    subject(directory, 'services.udev.extraRules = "KERNEL==\\"rknpu\\", MODE=\\"0666\\"";')
    (directory / "odd.py").write_text(ODD)
    told = ("CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if name not in told}
    paths = os.pathsep.join((str(directory), str(ROOT / "src")))
    command = [sys.executable, "-m", "rknn_validation", "-p", "no:cacheprovider", "-m", "unit", *args]
    return {"args": command, "cwd": directory, "env": {**kept, "PYTHONPATH": paths, "TERM": "xterm", **more}}


def piped(directory: Path, *args: str, **more: str) -> tuple[int, str]:
    """Exit status and everything that was printed."""
    given = started(directory, *args, **more)
    done = subprocess.run(
        **given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False
    )
    return done.returncode, done.stdout


def on_a_terminal(directory: Path, *args: str, interrupt_at: str = "", **more: str) -> tuple[int, str]:
    """The same on a terminal of 80 columns; Ctrl-C is pressed when the pattern `interrupt_at` was printed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, WIDTH, 0, 0))
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    process = subprocess.Popen(**started(directory, *args, **more), **streams, start_new_session=True)
    os.close(theirs)
    limit = threading.Timer(300, process.kill)
    limit.start()
    printed = ""
    while chunk := _read(ours):
        printed += chunk
        if interrupt_at and re.search(interrupt_at, printed):
            process.send_signal(signal.SIGINT)
            interrupt_at = ""
    os.close(ours)
    limit.cancel()
    return process.wait(), printed


def _read(terminal: int) -> str:
    try:
        return os.read(terminal, 1 << 16).decode(errors="replace")
    except OSError:  # the other side is closed
        return ""


def test_output_ends_with_the_verdict_and_shows_each_failure_once(tmp_path: Path) -> None:
    status, printed = piped(tmp_path)
    assert status == pytest.ExitCode.TESTS_FAILED
    lines = printed.splitlines()
    assert lines[-2].startswith("verdict: ")
    assert lines[-2].endswith("the NPU is not shown to work")
    assert lines[-1].startswith("reports: ")
    failed = [
        one for one in json.loads((tmp_path / "report/results.json").read_text())["verdicts"] if one["status"] == "fail"
    ]
    assert failed
    for one in failed:
        assert printed.count(f"FAIL {one['code']} {one['check']} [") == 1
        assert f"rknn-validate --explain {one['code']}" in printed
    assert "SKIPPED" not in printed
    assert sum("skipped: " in line for line in lines) == 1
    assert "test_configuration.py" not in printed


@pytest.mark.parametrize("more", [{}, {"CI": "true"}, {"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_plain_text_has_no_escape_codes(tmp_path: Path, more: dict[str, str]) -> None:
    printed = on_a_terminal(tmp_path, **more)[1].replace("\r\n", "\n") if more else piped(tmp_path)[1]
    assert "\x1b" not in printed
    assert "\r" not in printed
    assert "verdict: " in printed


def test_a_terminal_has_colour_and_one_progress_line_that_is_removed(tmp_path: Path) -> None:
    _, printed = on_a_terminal(tmp_path, "-k", "access")
    assert "\x1b[31m" in printed
    _, printed = on_a_terminal(tmp_path, "-p", "odd", "-k", "on-udev", ODD="slow")
    progress = re.findall(r"\d:\d\d \[(\d+) of (\d+)\] on-udev\.", printed)
    assert {total for _, total in progress} == {"9"}
    assert len({asked for asked, _ in progress}) > 1
    # What a terminal shows in the end: text up to an erasure is gone.
    shown = "\n".join(line.split("\r\x1b[K")[-1].rstrip("\r") for line in printed.split("\n"))
    shown = ESCAPES.sub("", shown)
    assert " of 9]" not in shown
    wide = [line for line in shown.splitlines() if len(line) > WIDTH]
    assert all(line.startswith(("verdict:", "rknn-validate ")) for line in wide)


def test_output_is_the_same_with_xdist_workers(tmp_path: Path) -> None:
    alone, shared = piped(tmp_path, "-q")[1], piped(tmp_path, "-q", "-n", "2")[1]
    without = [[line for line in text.splitlines() if not line.startswith("since ")] for text in (alone, shared)]
    assert without[0] == without[1]


def test_verbose_shows_each_verdict_as_it_arrives_and_lists_skips(tmp_path: Path) -> None:
    _, printed = piped(tmp_path, "-v", "-k", "udev")
    assert "\npass udev.rules-valid [on]\n" in printed
    assert "\nskip udev.rules-valid [off]\n" in printed
    assert "\n  - the subject adds no udev rules for the NPU\n" in printed


@pytest.mark.parametrize("workers", ["0", "2"])
def test_an_interrupted_run_shows_its_verdicts_and_says_it_was_cut_short(tmp_path: Path, workers: str) -> None:
    status, printed = on_a_terminal(
        tmp_path, "-p", "odd", "-n", workers, ODD="slow", interrupt_at=r"\[[1-9]\d* of 165\]"
    )
    assert status == pytest.ExitCode.INTERRUPTED
    shown = ESCAPES.sub("", printed).replace("\r", "")
    said = re.search(r"The run was cut short \(Ctrl-C\): (\d+) of 165 questions were answered", " ".join(shown.split()))
    assert said is not None
    assert 1 <= int(said[1]) < 165
    assert "every check that applies passed" not in shown
    assert shown.splitlines()[-2].startswith("verdict: ")
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    ("odd", "words", "status", "said"),
    [
        ("internal", (), pytest.ExitCode.INTERNAL_ERROR, "RuntimeError: the harness broke"),
        ("teardown", (), pytest.ExitCode.TESTS_FAILED, "RuntimeError: the teardown broke"),
        ("crash", ("-n", "2"), pytest.ExitCode.TESTS_FAILED, "crashed while running"),
    ],
)
def test_errors_of_the_harness_are_shown_and_are_never_a_success(
    tmp_path: Path, odd: str, words: tuple[str, ...], status: int, said: str
) -> None:
    ended, printed = piped(tmp_path, "-p", "odd", *words, "-k", "off and (udev or units)", ODD=odd)
    assert ended == status
    assert said in printed
    assert "error of the harness, shown above" in printed
    assert "every check that applies passed" not in printed
    assert printed.splitlines()[-2].startswith("verdict: ")
    assert json.loads((tmp_path / "report/results.json").read_text())["finished"] is False


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("-k", "nothing-like-this"), pytest.ExitCode.NO_TESTS_COLLECTED, "nothing was judged"),
        (("--no-such-option",), pytest.ExitCode.USAGE_ERROR, "unrecognized arguments: --no-such-option"),
        (("--board", "rock-5b"), pytest.ExitCode.USAGE_ERROR, "expected: --flake or --file beside it"),
    ],
)
def test_a_run_without_questions_says_why(tmp_path: Path, words: tuple[str, ...], status: int, said: str) -> None:
    ended, printed = piped(tmp_path, *words)
    assert ended == status
    assert said in printed
    assert "Traceback" not in printed


def test_output_of_pytest_ends_with_the_verdict(tmp_path: Path) -> None:
    subject(tmp_path, 'services.udev.extraRules = "KERNEL==\\"rknpu\\", MODE=\\"0666\\"";')
    done = judged(tmp_path, "-c", str(ROOT / "pyproject.toml"))
    assert "test session starts" in done.stdout
    assert "SKIPPED" not in done.stdout
    assert done.stdout.count("FAIL NPU110 access.not-world-writable [") == 1
    assert done.stdout.count("every process on the machine can use the driver") == 1
    assert done.stdout.splitlines()[-1].startswith("reports: ")
