"""pytest: the look of the command `rknn-validate`, with `-p rknn_validation.pytestplugin.look`.

Replaces pytest's terminal reporter: no letters and no sections of its own, one progress line that is rewritten on a
terminal, and the verdict as the last lines (`reporter` prints it). What is no verdict, such as an error of the harness,
is still shown as pytest shows it.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Generator
from contextlib import suppress
from typing import Any, TextIO

import pytest
from _pytest.terminal import TerminalReporter

from rknn_validation import __version__
from rknn_validation.checks.model import Verdict
from rknn_validation.pytestplugin.judging import JUDGED
from rknn_validation.pytestplugin.progress import LIVE
from rknn_validation.report.collect import verdict_in
from rknn_validation.report.columns import WORDS, column
from rknn_validation.report.lines import shortened
from rknn_validation.report.matrix import MARKUP

TICK = 0.2
"""Seconds between two updates of the progress line."""
_QUESTION = re.compile(r"\[(.*)\]$")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Take the place of pytest's reporter, which is registered by now; where it only lists tests, leave it."""
    standard = config.pluginmanager.getplugin("terminalreporter")
    if standard is None or config.option.collectonly or hasattr(config, "workerinput"):
        return
    config.pluginmanager.unregister(standard)
    config.pluginmanager.register(Look(config), "terminalreporter")


class Screen:
    """Standard output past pytest's capturing, and below all that was written a progress line, if it is a terminal.

    The progress line appears where plain text is not called for (`NO_COLOR`, `CI`, `TERM=dumb`).
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream: TextIO = stream
        with suppress(OSError, ValueError):  # no real file, but what a test or an editor put in its place
            self.stream = os.fdopen(os.dup(stream.fileno()), "w", encoding=stream.encoding, errors="backslashreplace")
        self.live = self.isatty() and not is_plain()
        self._lock = threading.Lock()
        self._progress = ""
        self._shown = False
        self._line_begun = False
        self._since = time.monotonic()
        self._ended = threading.Event()
        if self.live:
            threading.Thread(target=self._tick, daemon=True).start()

    def isatty(self) -> bool:
        """Whether somebody watches."""
        return self.stream.isatty()

    def write(self, text: str) -> int:
        """Write in place of the progress line, which comes back below it."""
        with self._lock:
            self._hide()
            self._line_begun = not text.endswith("\n") if text else self._line_begun
            return self.stream.write(text)

    def flush(self) -> None:
        """As files do."""
        self.stream.flush()

    def show(self, progress: str) -> None:
        """Set the progress line, which appears with the next tick; "" removes it."""
        with self._lock:
            self._progress = progress
            if not progress:
                self._draw()

    def end(self) -> None:
        """Remove the progress line for good."""
        self._ended.set()
        self.show("")

    def _tick(self) -> None:
        while not self._ended.wait(TICK):
            with self._lock:
                self._draw()

    def _draw(self) -> None:
        if not self.live or self._line_begun:
            return
        self._hide()
        if self._progress:
            minutes, seconds = divmod(int(time.monotonic() - self._since), 60)
            text = shortened(f"{minutes}:{seconds:02} {self._progress}", shutil.get_terminal_size().columns - 1)
            self.stream.write(text)
            self._shown = True
        self.stream.flush()

    def _hide(self) -> None:
        if self._shown:
            self.stream.write("\r\x1b[K")
            self._shown = False


def is_plain() -> bool:
    """Whether the environment asks for text without escape codes."""
    return any(os.environ.get(name) for name in ("NO_COLOR", "CI")) or os.environ.get("TERM") == "dumb"


class Look(TerminalReporter):  # type: ignore[misc]  # final, yet the one class that other plugins know how to talk to
    """A terminal reporter that says what is being asked, and leaves the last word to the verdict."""

    def __init__(self, config: pytest.Config) -> None:
        self.screen = Screen(sys.stdout)
        super().__init__(config, self.screen)  # type: ignore[arg-type]
        if is_plain() and config.option.color == "auto":
            self._tw.hasmarkup = self.hasmarkup = False
        # Tells xdist to rewrite its line about workers, which `rewrite` swallows, rather than to print it.
        self.isatty: Any = True
        self.interrupted = False
        self.begun = False
        self.asked = 0
        self.phase = ""

    def say(self, phase: str) -> None:
        """One line about what is being waited for; in plain text each is printed once."""
        if self.screen.live:
            self.screen.show(f"{self._counted()}{phase}" if phase else "")
        elif phase not in ("", self.phase) and self.verbosity >= 0:
            self._tw.line(phase)
            self._tw.flush()
        self.phase = phase

    def _counted(self) -> str:
        total = self._session.testscollected if self._session else 0
        return f"[{self.asked} of {total}] " if total else ""

    def rewrite(self, line: str, **markup: bool) -> None:
        """Nothing: there is one progress line."""

    def write_line(self, line: str | bytes, **markup: bool) -> None:
        """Whatever another plugin has to say, but no empty lines."""
        if line:
            super().write_line(line, **markup)

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Say what is judged."""
        self._session = session
        judged = self.config.stash.get(JUDGED, None)
        if self.verbosity >= 0:
            subject = f": {judged.validation.path}" if judged else ""
            self._tw.line(f"rknn-validate {__version__}{subject}", bold=True)

    def pytest_collection(self) -> None:
        """Nothing: it takes no time worth a line."""

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep the errors."""
        if report.failed:
            self._add_stats("error", [report])

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Nothing: with -n, only the workers know the questions yet."""

    def pytest_runtest_logstart(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        """Name the question; in plain text, say once how many there are."""
        if self.screen.live:
            found = _QUESTION.search(nodeid)
            self.say(found[1] if found else nodeid)
        elif not self.begun and self._session:
            self.say(f"asking {self._session.testscollected} questions")
        self.begun = True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count, and with -v show each verdict as it arrives."""
        category, letter, _ = self.config.hook.pytest_report_teststatus(report=report, config=self.config)
        self._add_stats(category, [report])
        if not letter:
            return
        self.asked += 1
        verdict = verdict_in(report.user_properties)
        if verdict is not None and self.verbosity > 0:
            self._tw.line(_line(verdict), **MARKUP[verdict.status])

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Nothing to add."""

    def pytest_internalerror(self, excrepr: Any) -> bool:
        """The harness itself broke: all of it, below a line that says so."""
        self.write_line("rknn-validate broke; this is a defect of the harness and no verdict:", red=True, bold=True)
        return bool(super().pytest_internalerror(excrepr))

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None]:
        """Errors that are no verdicts, and what other plugins have to say; the verdict comes after it."""
        yield
        self.interrupted = False
        self.screen.end()
        self.config.hook.pytest_terminal_summary(terminalreporter=self, exitstatus=exitstatus, config=self.config)

    @pytest.hookimpl(wrapper=True)
    def pytest_terminal_summary(self) -> Generator[None]:
        """What failed and is no verdict, as pytest shows it; Python's warnings with -vv."""
        self.summary_errors()
        self.summary_failures()
        if self.verbosity > 1:
            self.summary_warnings()
        yield

    def pytest_keyboard_interrupt(self, excinfo: object) -> None:
        """The verdict says it, if the run gets as far as that."""
        self.interrupted = True

    def pytest_unconfigure(self) -> None:
        """Leave the terminal as it was, also if the run never began."""
        self.screen.end()
        if self.interrupted:
            self.write_line("The run was interrupted before anything was asked.", yellow=True)


def _line(verdict: Verdict) -> str:
    return f"{WORDS[verdict.status]} {verdict.check} [{column(verdict)}]"


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Workers of -n are quiet where the terminal has a progress line of its own."""
    look = node.config.pluginmanager.getplugin("terminalreporter")
    node.workerinput[LIVE] = isinstance(look, Look) and look.screen.live
