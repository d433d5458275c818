"""The ignore list: with a reason, shown in every report, never a pass, and no entry that nobody needs."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rknn_validation.checks.model import Status, Verdict
from rknn_validation.common.errors import SubjectFileError
from rknn_validation.report import files, terminal
from rknn_validation.report.collect import Collection
from rknn_validation.subject.validation import load

pytestmark = pytest.mark.unit

WHY = "the bench has one user"


def loaded(folder: Path, ignore: str) -> dict[str, str]:
    (folder / "module.nix").write_text("{ }\n")
    path = folder / "validation.yaml"
    path.write_text(f"subject: {{module: module.nix}}\nscenarios: {{board: {{stack: vendor}}}}\nignore: {ignore}\n")
    return dict(load(path).ignored)


@pytest.mark.parametrize("word", ["NPU110", "npu110", "access.not-world-writable", "access.npu-is-not-world-writable"])
def test_codes_ids_and_former_ids_are_known(tmp_path: Path, word: str) -> None:
    assert loaded(tmp_path, f"{{{word}: {WHY}}}") == {"access.not-world-writable": WHY}


@pytest.mark.parametrize(
    ("ignore", "said"),
    [
        ("{NPU110: }", "a non-empty string"),
        ('{NPU110: " "}', "why it is ignored"),
        ("[NPU110]", "a mapping of codes or ids of checks to reasons"),
        ("{NPU999: why}", "the code or id of a check"),
        ("{access.not-world-writeable: why}", "did you mean 'access.not-world-writable'?"),
        ("{NPU700: why}", "a cause, which has no verdict"),
        ("{NPU001: why}", "without a configuration nothing else is judged"),
        ("{NPU110: why, access.not-world-writable: why}", "twice"),
    ],
)
def test_a_list_that_cannot_be_meant_is_an_error(tmp_path: Path, ignore: str, said: str) -> None:
    with pytest.raises(SubjectFileError) as error:
        loaded(tmp_path, ignore)
    assert said in str(error.value) and "validation.yaml:3" in str(error.value)


def verdict(status: Status, check: str = "access.not-world-writable", reason: str = "mode 0666") -> Verdict:
    return Verdict(check, "The NPU is not world-writable", "access", "unit", "board", "", status, reason, "Mend it.")


def reported(folder: Path, *verdicts: Verdict, finished: bool = True) -> tuple[Collection, str]:
    ignore = {"access.not-world-writable": WHY}
    made = Collection(folder / "report", finished=finished, ignore=ignore)
    made.start()
    for one in verdicts:
        made.add(one.unless_ignored(ignore))
    files.write(made, {"subject": "validation.yaml", "started": ""})
    return made, " ".join(word for line, _ in terminal.render(made) for word in line.split())


@pytest.mark.parametrize("status", [Status.FAIL, Status.INCONCLUSIVE])
def test_an_ignored_finding_is_no_pass_and_every_report_shows_it(tmp_path: Path, status: Status) -> None:
    made, shown = reported(tmp_path, verdict(Status.PASS, "udev.rules-valid"), verdict(status))
    assert made.success and made.count(Status.PASS) == 1
    assert "every check that applies passed, except 1 ignored finding" in shown
    line = f"ignored finding NPU110 access.not-world-writable ({WHY}): ignored in 1 of 1 verdicts"
    assert line in shown
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    assert results["ignored"][0]["occurred"] == 1
    assert results["verdicts"][1]["ignored"] == WHY and status.value in results["verdicts"][1]["reason"]
    junit = ElementTree.fromstring((tmp_path / "report" / "junit.xml").read_text())
    assert junit.find(".//skipped") is not None and WHY in str(junit.find(".//skipped").get("message"))  # type: ignore[union-attr]
    assert line[1:] in (tmp_path / "report" / "index.html").read_text()


def test_an_ignored_finding_alone_is_no_success(tmp_path: Path) -> None:
    made, shown = reported(tmp_path, verdict(Status.FAIL))
    assert not made.success and "nothing was judged" in shown


def test_what_is_skipped_because_of_it_is_counted(tmp_path: Path) -> None:
    later = verdict(Status.SKIP, "udev.rules-valid", "the mode is open: see access.not-world-writable")
    assert "1 checks were skipped because of it" in reported(tmp_path, verdict(Status.FAIL), later)[1]


def test_an_entry_that_nobody_needs_is_said(tmp_path: Path) -> None:
    assert "it does not occur: remove it from the list" in reported(tmp_path, verdict(Status.PASS))[1]
    assert "the check does not apply here" in reported(tmp_path, verdict(Status.SKIP))[1]
    assert "not asked in this run" in reported(tmp_path, verdict(Status.PASS, "udev.rules-valid"))[1]


def test_other_findings_are_not_touched() -> None:
    assert verdict(Status.FAIL).unless_ignored({"udev.rules-valid": WHY}).status is Status.FAIL
    assert verdict(Status.PASS).unless_ignored({"access.not-world-writable": WHY}).status is Status.PASS
