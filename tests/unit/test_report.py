"""Reports on the terminal, in JSON and in JUnit XML."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rknn_validation.checks.model import Evidence, Status, Verdict, passed
from rknn_validation.checks.questions import configuration_questions, node_questions
from rknn_validation.common.errors import HarnessError
from rknn_validation.report import files, terminal
from rknn_validation.report.collect import Collection
from rknn_validation.report.columns import column, in_order
from rknn_validation.subject.validation import load

pytestmark = pytest.mark.unit


def verdict(check: str, status: Status, board: str = "", scenario: str = "vendor") -> Verdict:
    return Verdict(
        check=check,
        title=f"does {check} hold?",
        stage="udev",
        tier="vm" if board else "unit",
        scenario=scenario,
        board=board,
        status=status,
        reason=f"{check} was {status.value}",
        remedy=f"mend {check}",
        evidence=(Evidence("ls -l /dev/rknpu", "crw-rw-rw- \x1b[1m<&>"),),
        stand_ins=("stand-in nixpkgs",),
        attachments={"console log": "Booting Linux"} if board else {},
    )


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    made = Collection(tmp_path / "report")
    made.start()
    for one in (
        verdict("udev.rule", Status.PASS),
        verdict("udev.mode", Status.PASS),
        verdict("udev.group", Status.FAIL),
        verdict("kernel.driver", Status.SKIP),
        verdict("device.opens", Status.INCONCLUSIVE, board="orangepi-5-plus"),
    ):
        made.add(one)
    return made


def text(collection: Collection) -> str:
    return "\n".join(line for line, _ in terminal.render(collection))


def test_matrix_shows_each_status_and_folds_passing_topics(collection: Collection) -> None:
    shown = text(collection)
    assert "udev.* (2 other checks)" in shown
    assert "udev.rule" not in shown
    assert "FAIL udev.group [vendor]" in shown
    assert "???? NPU492 device.opens [vendor/orangepi-5-plus]" in shown
    assert "remedy: mend udev.group" in shown
    assert "crw-rw-rw-" in shown
    assert "stand-in nixpkgs" in shown
    assert "2 pass, 1 fail, 1 skip, 1 inconclusive -- the NPU is not shown to work" in shown


def test_a_check_is_one_finding_even_if_many_nodes_fail_it() -> None:
    made = Collection(None, finished=True)
    for number in range(100):
        for scenario in ("vendor", "mainline"):
            status = Status.PASS if number % 2 else Status.FAIL
            made.add(verdict("udev.group", status, board=f"board-{number:03}", scenario=scenario))
    shown = text(made)
    assert shown.count("FAIL udev.group [") == 1
    assert "and 92 more]" in shown
    assert "how many of 200" in shown
    assert max(map(len, shown.splitlines())) <= 100


@pytest.mark.parametrize("width", [80, 120, 200])
def test_no_paragraph_is_wider_than_the_terminal(collection: Collection, width: int) -> None:
    lines = [line for line, _ in terminal.render(collection, width)]
    assert all(len(line) <= width for line in lines if not line.startswith("verdict:") and "index.html" not in line)
    assert lines[-2].startswith("verdict:")
    assert lines[-1].startswith("reports:")


def test_verbosity_shortens_and_extends_the_text(collection: Collection) -> None:
    quiet = [line for line, _ in terminal.render(collection, verbosity=-1)]
    assert [line.split(":")[0] for line in quiet[:-2]] == [
        "FAIL udev.group [vendor]",
        "???? NPU492 device.opens [vendor/orangepi-5-plus]",
    ]
    (only,) = [line for line, _ in terminal.render(collection, verbosity=-2) if not line.startswith("reports:")]
    assert only.startswith("verdict: 2 pass, 1 fail")
    assert "kernel.driver was skip" not in text(collection)
    assert any("kernel.driver was skip" in line for line, _ in terminal.render(collection, verbosity=1))


def test_stand_ins_take_one_line() -> None:
    made = Collection(None)
    names = tuple(f"a stand-in of number {number}" for number in range(12))
    made.add(dataclasses.replace(verdict("udev.rule", Status.PASS), stand_ins=names))
    count = "12 stand-ins for the real thing: "
    assert f"{count}a stand-in of number 0; a stand-in of number 1; and 10 more" in text(made).splitlines()
    assert all(any(name in line for line, _ in terminal.render(made, verbosity=1)) for name in names)


def test_a_question_without_a_verdict_is_never_a_success() -> None:
    made = Collection(None, finished=True, errors=1)
    made.add(verdict("udev.rule", Status.PASS))
    assert not made.success
    assert "not every question got a verdict" in text(made)
    assert "error of the harness, shown above: 1" in text(made)


def test_verdicts_are_sorted_in_the_order_of_the_questions() -> None:
    validation = load(Path(__file__).parents[2] / "validation.yaml")
    asked = [*configuration_questions(validation), *node_questions(validation)]
    verdicts = [one.verdict(passed("well")) for one in asked]
    assert in_order(verdicts[::-1], validation) == verdicts
    assert len({column(one) for one in verdicts}) > 3


def test_a_run_of_skips_only_is_not_a_success(tmp_path: Path) -> None:
    made = Collection(None)
    made.add(verdict("udev.rule", Status.SKIP))
    assert "nothing was judged" in text(made)


def test_junit_distinguishes_failures_inconclusive_checks_and_skips(collection: Collection) -> None:
    files.write(collection, {"subject": "validation.yaml"})
    assert collection.directory is not None
    root = ElementTree.parse(collection.directory / "junit.xml").getroot()
    assert root is not None
    cases = {case.get("name"): case for case in root.iter("testcase")}
    failure = cases["udev.group"].find("failure")
    assert failure is not None
    assert "mend udev.group" in (failure.text or "")
    error = cases["device.opens"].find("error")
    assert error is not None
    assert error.get("type") == "inconclusive"
    assert cases["kernel.driver"].find("skipped") is not None
    assert len(cases["udev.rule"].findall("failure")) == 0
    assert "Booting Linux" in (cases["device.opens"].findtext("system-err") or "")
    properties = {one.get("value") for one in root.iter("property")}
    assert "stand-in nixpkgs" in properties


def test_json_has_all_verdicts_and_the_paths_of_attachments(collection: Collection) -> None:
    files.write(collection, {"subject": "validation.yaml"})
    assert collection.directory is not None
    results = json.loads((collection.directory / "results.json").read_text())
    assert results["summary"] == {"pass": 2, "fail": 1, "skip": 1, "inconclusive": 1}
    (attachment,) = results["verdicts"][-1]["attachments"].values()
    assert (collection.directory / attachment).read_text() == "Booting Linux"


def test_verdicts_are_on_disk_before_the_run_ends(collection: Collection) -> None:
    assert collection.directory is not None
    lines = (collection.directory / "verdicts.jsonl").read_text().splitlines()
    assert [Verdict.from_json(json.loads(line)) for line in lines] == collection.verdicts


def test_an_unwritable_report_directory_is_an_error_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError, match="--report DIR"):
        Collection(tmp_path / "file" / "report").start()
