"""pytest: gathers the verdicts of a run, and tells of them at its end, whichever that is."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from types import FrameType

import pytest

from rknn_validation.checks.model import Status
from rknn_validation.pytestplugin import selection as whichnodes
from rknn_validation.pytestplugin.judging import JUDGED
from rknn_validation.report import files, terminal
from rknn_validation.report.collect import Collection, verdict_in
from rknn_validation.report.columns import in_order
from rknn_validation.subject.validation import Validation


def notes(config: pytest.Config, validation: Validation) -> list[str]:
    """Which nixpkgs served, where any did, and what each host was taken for."""
    judged = config.stash.get(JUDGED, None)
    served = judged.served if judged else []
    told = {name: one.told for name, one in validation.scenarios.items() if one.told}
    return [*served, *(f"{name}: {'; '.join(words)}" for name, words in told.items())]


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt("SIGTERM")


class Reporter:
    """Listens where results arrive (with -n: not in the workers, whose verdicts travel in test reports)."""

    def __init__(self, collection: Collection, validation: Validation) -> None:
        self.collection = collection
        self.validation = validation
        self.started = datetime.now(UTC)
        self.seen: set[str] = set()
        self.slip = ""

    def pytest_sessionstart(self) -> None:
        """Whoever ends the run (a CI job that is called off, say) gets the reports of what was asked so far."""
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _interrupt)

    def pytest_unconfigure(self) -> None:
        """Leave the process as it was."""
        if signal.getsignal(signal.SIGTERM) is _interrupt:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the verdict a test carries, once."""
        verdict = verdict_in(report.user_properties)
        if verdict is not None and report.nodeid not in self.seen:
            self.seen.add(report.nodeid)
            self.collection.add(verdict)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the reports, also when the run was interrupted."""
        # `-x` ends with the same status as a run that asked everything.
        cut_short = bool(session.shouldfail or session.shouldstop)
        self.collection.finished = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) and not cut_short
        real = [verdict.status for verdict in self.collection.verdicts if verdict.tier == "hardware"]
        if exitstatus == pytest.ExitCode.OK and real and Status.PASS not in real:
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED  # nothing of the nodes was judged
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and not self.collection.verdicts:
            self.slip = whichnodes.nothing_matched(session.config, self.validation.nodes)
            session.exitstatus = pytest.ExitCode.USAGE_ERROR if self.slip else exitstatus
        option = session.config.getoption
        self.collection.selected = any(
            option(name, None) for name in ("keyword", "lf", "deselect", "node", "group")
        ) or any("::" in argument for argument in session.config.args)
        self.collection.verdicts[:] = in_order(self.collection.verdicts, self.validation)
        if self.collection.verdicts:
            self.collection.notes = notes(session.config, self.validation)
            subject = str(self.validation.path)
            files.write(self.collection, {"subject": subject, "started": self.started.isoformat(timespec="seconds")})

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the matrix and what to do about it."""
        if self.slip:
            terminalreporter.write_line(f"ERROR: {self.slip}", red=True)
        if self.collection.verdicts:
            terminalreporter.section("verdict")
            for line, markup in terminal.render(self.collection):
                terminalreporter.write_line(line, **markup)
