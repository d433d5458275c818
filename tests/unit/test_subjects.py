"""The harness proves itself: each defective subject fails the check it should, harmless variants fail none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "subjects"))
import tables
from workers import Kept, Once

from rknn_validation.checks.configuration import CONFIGURATION_CHECKS, STAGES
from rknn_validation.checks.model import Status
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.process import run, tool
from rknn_validation.facts.model import Facts

pytestmark = pytest.mark.unit

SUBJECTS = tables.subjects()
BROKEN = ("syntax-error",)
"""Subjects whose Nix text is wrong on purpose."""


@pytest.fixture(scope="session")
def written(once: Once, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all subjects are written to; it stays as long as what was evaluated of it is kept."""
    cache: pytest.Cache | None = getattr(request.config, "cache", None)

    def write() -> Path:
        folder = cache.mkdir("subjects") if cache else tmp_path_factory.mktemp("subjects")
        for one in SUBJECTS.values():
            one.written(folder)
        return folder

    return once("written subjects", write)


@pytest.fixture(scope="session")
def evaluated(kept: Kept, written: Path) -> dict[str, Mapping[str, Facts]]:
    """The facts of all subjects."""
    name = "subjects everywhere" if os.environ.get(tables.EVERYWHERE) else "subjects"
    return kept(name, lambda: tables.evaluated(SUBJECTS.values(), written), tables.TABLES)


@pytest.mark.parametrize("name", SUBJECTS)
def test_subject_gets_the_verdict_it_deserves(name: str, evaluated: dict[str, Mapping[str, Facts]]) -> None:
    given = tables.answers(evaluated[name])
    expected, found = SUBJECTS[name], tables.red(given)
    silent = [check for check in expected.checks if not _failed(given, check)]
    assert not silent, f"{expected.description} This must fail {silent}; it failed {list(found)}"
    beside = {check: said for check, said in found.items() if check not in (*expected.checks, *expected.also)}
    lines = "\n".join(f"  {check}\n    {said}" for check, all_said in beside.items() for said in all_said)
    assert not beside, f"{expected.description} False alarms:\n{lines}"


def _failed(answers: tables.Answers, check: str) -> bool:
    return any(asked[check].status is Status.FAIL for asked in answers.values() if check in asked)


def test_there_are_enough_subjects() -> None:
    harmless = [one for one in SUBJECTS.values() if one.is_harmless]
    assert len(SUBJECTS) - len(harmless) >= 300
    assert len(harmless) >= 140


def test_expectations_name_checks_that_exist() -> None:
    known = {check.id for check in CONFIGURATION_CHECKS.all()}
    named = {check for one in SUBJECTS.values() for check in (*one.checks, *one.also)}
    assert named <= known, f"unknown: {sorted(named - known)}"


def test_every_check_is_shown_to_fail() -> None:
    shown = {check for one in SUBJECTS.values() for check in one.checks}
    never = [check.id for check in CONFIGURATION_CHECKS.all() if check.id not in shown]
    assert not never, f"no subject fails {never}"


def test_every_check_has_a_stage_and_words() -> None:
    for check in CONFIGURATION_CHECKS.all():
        assert check.stage in STAGES, check.id
        assert check.title and check.remedy and check.remedy.endswith((".", ")", "]")), check.id


def test_nix_text_of_the_tables_parses(written: Path) -> None:
    good = {path.read_text() for path in tables.GOOD.rglob("*.nix")}
    new = {
        name: [
            written / name / file for file, text in one.files().items() if file.endswith(".nix") and text not in good
        ]
        for name, one in SUBJECTS.items()
    }
    broken = [file for name in BROKEN for file in new.pop(name)]
    done = _parse([file for files in new.values() for file in files])
    assert done.returncode == 0, done.stderr
    assert all(_parse([file]).returncode for file in broken)


def _parse(files: list[Path]) -> subprocess.CompletedProcess[str]:
    command = [tool("nix-instantiate", "install Nix"), "--parse", *map(str, files)]
    return run(command, deadline=Deadline.after(60, "parsing"))


def test_no_line_of_a_table_ends_in_blanks() -> None:
    for path in sorted(tables.TABLES.glob("*.yaml")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert line == line.rstrip(), f"{path.name}:{number}"
