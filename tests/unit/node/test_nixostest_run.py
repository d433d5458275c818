"""What a testScript calls: every way a run can end says so, on paper and in the log."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from driver import DriverMachine
from nixostests import NixosTest, evaluate

from rknn_validation.checks.model import Status, Verdict
from rknn_validation.checks.node import DISTURBING, checks_of
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.suites import nixostest
from rknn_validation.suites.nixostest import BEGIN, CLIENT_LINK, END, NotAccepted, read, run

pytestmark = pytest.mark.unit

Answer = Callable[[str], tuple[int, bytes]]


class Fake(DriverMachine):
    """A node that answers every command as it is told: the frame is the driver's, the answer is not."""

    def __init__(self, out_dir: Path, answer: Answer, booted: Exception | None = None) -> None:
        super().__init__("opi", out_dir, lambda script, seconds: "")
        self._answer = answer
        self._booted = booted
        self.commands: list[str] = []

    def execute(
        self, command: str, check_return: bool = True, check_output: bool = True, timeout: int | None = 900
    ) -> tuple[int, str]:
        encoded, mark = re.findall(r"echo (\S+) \| base64", command)[0], re.findall("answer-[0-9a-f]+", command)[0]
        self.commands.append(base64.b64decode(encoded).decode())
        status, output = self._answer(self.commands[-1])
        return 0, f"{mark} {status}\n{base64.b64encode(output).decode()}\n\n{mark} end\n"

    def wait_for_unit(self, unit: str, user: str | None = None, timeout: int = 900) -> None:
        assert unit == "multi-user.target"
        if self._booted:
            raise self._booted


@pytest.fixture(scope="module")
def tests() -> dict[str, NixosTest]:
    return evaluate()


@pytest.fixture
def file(tests: dict[str, NixosTest], tmp_path: Path) -> Path:
    path = tmp_path / "expectation.json"
    path.write_text(tests["library-path"].expectation)
    return path


def verdicts(said: str) -> list[Verdict]:
    between = said.partition(BEGIN)[2].partition(END)[0]
    return [Verdict.from_json(json.loads(line)) for line in between.splitlines() if line]


def nothing(command: str) -> tuple[int, bytes]:
    return 0, b""


def test_a_node_without_anything_is_not_accepted(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(NotAccepted, match=r"^opi: \d+ failed(, \d+ inconclusive)? of \d+ checks, \S+ first$"):
        run(Fake(tmp_path, nothing), file, tmp_path / "out")
    said = capsys.readouterr().out
    wanted = read(file)
    assert {one.check for one in verdicts(said)} == {check.id for check in checks_of(wanted.expectation)}
    results = json.loads((tmp_path / "out/results.json").read_text())
    assert [one["check"] for one in results["verdicts"]] == [one.check for one in verdicts(said)]
    assert results["stand_ins"] == list(wanted.stand_ins)
    # What Nix shows of a log is its end.
    assert "verdict: " in "\n".join(said.splitlines()[-5:])


def test_what_changes_the_node_is_asked_last(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotAccepted):
        run(Fake(tmp_path, nothing), file, tmp_path)
    asked = [one.check in DISTURBING for one in verdicts(capsys.readouterr().out)]
    assert asked == sorted(asked)
    assert asked[-1]


def test_the_client_is_put_where_checks_look_for_it(file: Path, tmp_path: Path, tests: dict[str, NixosTest]) -> None:
    node = Fake(tmp_path, nothing)
    with pytest.raises(NotAccepted):
        run(node, file)
    assert any(CLIENT_LINK in command and command.count("/nix/store/") == 1 for command in node.commands[:2])
    file.write_text(tests["module-off"].expectation)
    node = Fake(tmp_path, nothing)
    with pytest.raises(NotAccepted):
        run(node, file)
    assert not any("ln -s" in command for command in node.commands)


def test_a_node_that_does_not_boot_is_inconclusive(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = RuntimeError('unit "multi-user.target" is inactive and there are no pending jobs')
    node = Fake(tmp_path, nothing, booted=problem)
    with pytest.raises(NotAccepted, match="inconclusive"):
        run(node, file, tmp_path)
    said = capsys.readouterr().out
    assert {one.status for one in verdicts(said)} == {Status.INCONCLUSIVE}
    assert str(problem) in verdicts(said)[0].evidence[0].output
    assert node.commands == []


def test_when_time_is_over_what_was_not_asked_is_inconclusive(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    over = Deadline.after(0.0, "all questions of the test")
    monkeypatch.setattr(nixostest.Run, "_prepare", lambda self: setattr(self, "limit", over))
    node = Fake(tmp_path, nothing)
    with pytest.raises(NotAccepted, match="inconclusive"):
        run(node, file, tmp_path)
    assert {one.status for one in verdicts(capsys.readouterr().out)} == {Status.INCONCLUSIVE}
    assert node.commands == []


def test_an_interrupted_run_prints_what_it_knows(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count = 0

    def interrupted(command: str) -> tuple[int, bytes]:
        nonlocal count
        count += 1
        if count == 12:
            raise KeyboardInterrupt
        return 0, b""

    with pytest.raises(KeyboardInterrupt):
        run(Fake(tmp_path, interrupted), file, tmp_path)
    assert verdicts(capsys.readouterr().out)
    assert not json.loads((tmp_path / "results.json").read_text())["finished"]


def test_without_a_place_to_write_everything_is_printed(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(NotAccepted):
        run(Fake(tmp_path, nothing), file, tmp_path / "out")
    said = capsys.readouterr().out
    assert "cannot write reports" in said
    assert verdicts(said)


@pytest.mark.parametrize(
    "spoiled",
    [
        lambda text: text[:-2],
        lambda text: text.replace('"board":"orangepi-5-plus"', '"board":"orange"'),
        lambda text: text.replace('"evaluation":', '"evaluated":'),
        lambda text: text.replace('"scenario":{', '"scenario":{"x":1,'),
        lambda text: text.replace('"units":{', '"unit":{', 1),
    ],
)  # fmt: skip
def test_an_expectation_that_cannot_be_read_is_an_error(
    spoiled: Callable[[str], str], file: Path, tmp_path: Path
) -> None:
    text = file.read_text()
    assert spoiled(text) != text
    file.write_text(spoiled(text))
    node = Fake(tmp_path, nothing)
    with pytest.raises(HarnessError):
        run(node, file, tmp_path)
    assert node.commands == []


def test_a_test_that_asks_nothing_is_an_error(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nixostest, "checks_of", lambda expectation: ())
    with pytest.raises(HarnessError, match="no check has a question"):
        read(file)
