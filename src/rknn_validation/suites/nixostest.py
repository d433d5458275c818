"""What the testScript of a NixOS test calls: asks the driver's machine every node check that applies, and reports.

A derivation that fails loses `$out`. So everything is printed as well: each verdict as it comes in, and at the end of a
run that is not accepted all evidence, `results.json` line by line, and the matrix.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rknn_validation.checks.model import Answer, Check, Evidence, Status, Verdict, inconclusive
from rknn_validation.checks.node import DISTURBING, Expectation, NodeUnderTest, ask, checks_of
from rknn_validation.checks.questions import Question as AskedOf
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.facts.nix.configuration import Configuration
from rknn_validation.facts.nix.decode import Packages, decode
from rknn_validation.nodes.nixos import DriverConnection, NixosTestMachine, host
from rknn_validation.npu.boards import BOARDS
from rknn_validation.npu.stacks import STACKS
from rknn_validation.report import files, terminal
from rknn_validation.report.collect import Collection
from rknn_validation.report.columns import WORDS
from rknn_validation.subject.validation import Scenario

BOOT_SECONDS = 900.0
"""Until multi-user.target: a NixOS that is emulated, on a busy builder."""
RUN_SECONDS = 2400.0
"""All questions together; the test's own `globalTimeout` has to be longer, for that one loses the report."""
SETTLE_SECONDS = 120
CLIENT_LINK = "/run/rknn-validation/npu-client"
"""Where checks look for the C client on a machine that was not made by the harness."""
BEGIN, END = "-----BEGIN RKNN VERDICTS-----", "-----END RKNN VERDICTS-----"
"""Around the verdicts in the log, one JSON object a line."""


class NotAccepted(AssertionError):
    """The node was asked, and is not what it should be, or could not be asked; one line, for the report says more."""


@dataclass(frozen=True)
class NodeTest:
    """What a test's file says: the expectation, what stands in for the real thing, the C client's path or ''."""

    expectation: Expectation
    stand_ins: tuple[str, ...]
    client: str

    def __post_init__(self) -> None:
        if not checks_of(self.expectation):
            raise HarnessError("no check has a question for this scenario and board", expected="at least one")


def read(path: Path) -> NodeTest:
    """A test's file, as tests/nixos-vm/nix/test.nix writes it. Raises HarnessError where it is of another shape."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        given: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data["scenario"].items()
        }
        scenario = Scenario(**given)
        board = BOARDS[data["board"]]
        evaluation = data["evaluation"]
        described = evaluation["results"]["test"]["configuration"]
        packages = Packages(evaluation["packages"])
        stand_ins, client = tuple(data["standIns"]), str(data["client"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise HarnessError(
            f"{path} does not say what the node should be",
            expected="scenario, board, evaluation, standIns and client",
            seen=f"{type(problem).__name__}: {problem}",
        ) from problem
    configuration = decode(Configuration, described, packages)
    stack = STACKS.get(scenario.stack)
    expectation = Expectation(scenario, board, configuration, stack, guarded=not board.is_rk3588)
    return NodeTest(expectation, stand_ins, client)


@dataclass
class Run:
    """One test of one machine, and its report as far as it has come."""

    test: NodeTest
    collection: Collection
    line: DriverConnection
    limit: Deadline = field(default_factory=lambda: Deadline.after(RUN_SECONDS, "all questions of the test"))

    def ask_all(self) -> None:
        """Wait for the machine and ask; whatever cannot be asked is inconclusive."""
        # Those that change the node come last: there is one machine, and nothing restores it.
        checks = sorted(checks_of(self.test.expectation), key=lambda check: check.id in DISTURBING)
        try:
            self._prepare()
        except HarnessError as error:
            for check in checks:
                self._judge(check, inconclusive(f"the node is not ready: {error.message}", _told(error)))
            return
        question = NodeUnderTest(host(self.line), self.test.expectation)
        for check in checks:
            started = time.monotonic()
            try:
                self.limit.remaining()
                answer = ask(check, question)
            except HarnessError as error:
                answer = inconclusive(error.message, _told(error))
            self._judge(check, answer, seconds=time.monotonic() - started)

    def _prepare(self) -> None:
        name = self.line.driver.name
        self.line.wait_for_unit("multi-user.target", self.limit.capped(BOOT_SECONDS, f"{name} to boot"))
        node = host(self.line)
        node.run("udevadm settle --timeout=%s", str(SETTLE_SECONDS))
        if self.test.client:
            done = node.run(f"mkdir -p {Path(CLIENT_LINK).parent} && ln -sfn %s {CLIENT_LINK}", self.test.client)
            if done.rc:
                raise HarnessError("the C client cannot be put on the node", expected=CLIENT_LINK, seen=done.stderr)

    def _judge(self, check: Check[Any], answer: Answer, seconds: float = 0.0) -> None:
        expectation = self.test.expectation
        asked = AskedOf(check, expectation.scenario, expectation.board, "vm")
        self.collection.add(asked.verdict(answer, stand_ins=self.test.stand_ins, seconds=seconds))
        say([f"{WORDS[answer.status]} {check.id}: {answer.reason}"])


def run(machine: NixosTestMachine, file: str | Path, directory: Path | None = None) -> None:
    """Ask `machine` what the test's file says, and report; returns only if every check that applies passed.

    Reports go to `directory` (the driver's `machine.out_dir`, which is `$out`), and all of it is printed. Raises
    NotAccepted if any check failed or was inconclusive, HarnessError if the test itself cannot be read.
    """
    test = read(Path(file))
    collection = started(directory)
    try:
        Run(test, collection, DriverConnection(machine)).ask_all()
        collection.finished = True
    finally:
        report(collection, machine.name)
    accept(collection, machine.name)


def accept(collection: Collection, name: str) -> None:
    """Raise NotAccepted if any check failed or was inconclusive."""
    bad = [one for one in collection.verdicts if one.status in (Status.FAIL, Status.INCONCLUSIVE)]
    if bad:
        counts = ", ".join(
            f"{collection.count(status)} {word}"
            for status, word in ((Status.FAIL, "failed"), (Status.INCONCLUSIVE, "inconclusive"))
            if collection.count(status)
        )
        raise NotAccepted(f"{name}: {counts} of {len(collection.verdicts)} checks, {bad[0].check} first")


def started(directory: Path | None) -> Collection:
    """A collection that writes to `directory`, or to memory alone where that cannot be written to."""
    collection = Collection(directory)
    try:
        collection.start()
    except HarnessError as problem:
        say([str(problem), "the report is printed all the same"])
        return Collection(None)
    return collection


def report(collection: Collection, name: str) -> None:
    """Write the reports and print them; what is most telling comes last, where Nix shows the end of a log."""
    try:
        files.write(collection, {"machine": name, "driver": "NixOS test"})
    except OSError as problem:
        say([f"the report cannot be written: {problem}"])
    bad = [one for one in collection.verdicts if one.status in (Status.FAIL, Status.INCONCLUSIVE)]
    if bad or not collection.finished:
        say([BEGIN, *(json.dumps(one.to_json()) for one in collection.verdicts), END])
        say(line for one in bad for line in _everything(one))
    if collection.verdicts:
        say(line for line, _ in terminal.render(collection))


def _everything(verdict: Verdict) -> list[str]:
    head = f"== {verdict.check}: {verdict.status.value}: {verdict.reason}"
    return ["", head, *files.evidence_text(verdict).splitlines()]


def _told(error: HarnessError) -> Evidence:
    return Evidence("harness", str(error))


def say(lines: Iterable[str]) -> None:
    """Print at once: what waits in a buffer is lost with a killed build."""
    for line in lines:
        print(line, flush=True)
