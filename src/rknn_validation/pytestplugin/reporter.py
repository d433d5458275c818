"""pytest: gathers the verdicts of a run, writes the reports, and prints the verdict as the last thing of the run."""

from __future__ import annotations

import signal
from collections.abc import Generator
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import pytest

from rknn_validation.checks.model import Status
from rknn_validation.pytestplugin import hardware
from rknn_validation.pytestplugin.judging import JUDGED
from rknn_validation.report import files, terminal
from rknn_validation.report.collect import Collection, verdict_in
from rknn_validation.report.columns import in_order
from rknn_validation.report.places import Places
from rknn_validation.subject.validation import Validation


def notes(config: pytest.Config, validation: Validation) -> list[str]:
    """Which nixpkgs served, where any did, and what each host was taken for."""
    judged = config.stash.get(JUDGED, None)
    served = judged.served if judged else []
    told = {name: one.reasons for name, one in validation.scenarios.items() if one.reasons}
    return [*served, *(f"{name}: {'; '.join(words)}" for name, words in told.items())]


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt("SIGTERM")


class Reporter:
    """Listens where results arrive (with -n: not in the workers, whose verdicts travel in test reports)."""

    def __init__(self, collection: Collection, validation: Validation) -> None:
        self.collection = collection
        collection.ignore = validation.ignored
        self.validation = validation
        self.started = datetime.now(UTC)
        self.seen: set[str] = set()
        self.interrupted_by = ""

    def pytest_sessionstart(self) -> None:
        """SIGTERM, such as of a CI job that is cancelled, ends the run like Ctrl-C: with reports of what was asked."""
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _interrupt)

    def pytest_unconfigure(self) -> None:
        """Leave the process as it was."""
        if signal.getsignal(signal.SIGTERM) is _interrupt:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the verdict a test carries, once; count the tests of questions that broke instead."""
        verdict = verdict_in(report.user_properties)
        if verdict is not None and report.nodeid not in self.seen:
            self.seen.add(report.nodeid)
            self.collection.add(verdict)
        # Of a worker that died, xdist reports a failure without keywords.
        is_question = "verdict" in report.keywords or not report.keywords
        if report.failed and is_question and (verdict is None or report.when == "teardown"):
            self.collection.errors += 1

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Keep who ended the run: Ctrl-C, a signal, or pytest itself with its reason."""
        self.interrupted_by = str(excinfo.value) or "Ctrl-C"

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, object, object]:
        """Write the reports, also of a run that was cut short; print the verdict when everybody else has printed."""
        self.collection.incomplete = self._incomplete(session, exitstatus)
        ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        self.collection.finished = ended and not self.collection.incomplete and not self.collection.errors
        self._write(session.config)
        mistake = self._corrected_status(session, exitstatus)
        result = yield
        reporter = session.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            self._print(reporter, mistake)
        return result

    def _incomplete(self, session: pytest.Session, exitstatus: int) -> str:
        """Why not everything was asked, "" where it was. `-x` ends with the same status as a run that asked it all."""
        answered = len(self.collection.verdicts)
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and not answered:
            return "No question matches what this run was told to ask."
        if exitstatus == pytest.ExitCode.INTERNAL_ERROR:
            why = "an internal error of the harness, shown above"
        else:
            why = self.interrupted_by or str(session.shouldfail or session.shouldstop or "")
        asked = f"{answered} of {session.testscollected} questions were answered; nothing is known of the others."
        return f"The run was cut short ({why}): {asked}" if why else ""

    def _write(self, config: pytest.Config) -> None:
        names = ("keyword", "lf", "deselect", "node", "group")
        selected = any(config.getoption(name, None) for name in names)
        self.collection.selected = selected or any("::" in argument for argument in config.args)
        self.collection.verdicts[:] = in_order(self.collection.verdicts, self.validation)
        if self.collection.verdicts:
            self.collection.notes = notes(config, self.validation)
            subject, started = str(self.validation.path), self.started.isoformat(timespec="seconds")
            files.write(self.collection, {"subject": subject, "started": started}, Places(self.validation))

    def _corrected_status(self, session: pytest.Session, exitstatus: int) -> str:
        """Correct the exit status of a run that judged none of its nodes; returns the mistake, if it is known."""
        real = [verdict.status for verdict in self.collection.verdicts if verdict.tier in ("hardware", "kubernetes")]
        if exitstatus == pytest.ExitCode.OK and real and Status.PASS not in real:
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED
        if exitstatus != pytest.ExitCode.NO_TESTS_COLLECTED or self.collection.verdicts:
            return ""
        mistake = hardware.nothing_matched(session.config, self.validation.nodes)
        session.exitstatus = pytest.ExitCode.USAGE_ERROR if mistake else exitstatus
        return mistake

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None, object, object]:
        """Failures and skips that are verdicts are kept out of pytest's summaries: the verdict shows each once."""
        stats = terminalreporter.stats
        kept: dict[str, list[Any]] = {name: stats[name] for name in ("failed", "skipped") if name in stats}
        for name, reports in kept.items():
            stats[name] = [one for one in reports if verdict_in(getattr(one, "user_properties", ())) is None]
        try:
            return (yield)
        finally:
            stats |= kept

    def _print(self, reporter: pytest.TerminalReporter, mistake: str) -> None:
        own_look = hasattr(reporter, "screen")
        if mistake:
            reporter.write_line(f"ERROR: {mistake}", red=True)
        asked = self.collection.verdicts or self.collection.errors
        if asked and not own_look:
            reporter.section("verdict")
        if asked or own_look:
            writer = reporter._tw
            for line, markup in terminal.render(self.collection, writer.fullwidth, reporter.verbosity):
                writer.line(line, **markup)
            writer.flush()
