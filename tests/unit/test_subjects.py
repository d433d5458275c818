"""The harness proves itself: each defective subject fails the check it should, harmless variants fail none."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import defects
from workers import Kept

from rknn_validation.checks.configuration import CONFIGURATION_CHECKS, STAGES
from rknn_validation.checks.model import Status
from rknn_validation.facts.model import Facts

pytestmark = pytest.mark.unit

EXPECTED = {one.name: one for one in defects.expectations()}


@pytest.fixture(scope="session")
def evaluated(kept: Kept) -> dict[str, Mapping[str, Facts]]:
    """The cases of all subjects."""
    return kept("subjects", lambda: defects.evaluated(EXPECTED.values()), defects.SUBJECTS, Path(defects.__file__))


@pytest.mark.parametrize("name", EXPECTED)
def test_subject_gets_the_verdict_it_deserves(name: str, evaluated: dict[str, Mapping[str, Facts]]) -> None:
    given = defects.answers(evaluated[name])
    expected, found = EXPECTED[name], defects.red(given)
    silent = [check for check in expected.checks if not _failed(given, check)]
    assert not silent, f"{expected.defect} This must fail {silent}; it failed {list(found)}"
    beside = {check: said for check, said in found.items() if check not in (*expected.checks, *expected.also)}
    lines = "\n".join(f"  {check}\n    {said}" for check, all_said in beside.items() for said in all_said)
    assert not beside, f"{expected.defect} False alarms:\n{lines}"


def _failed(answers: defects.Answers, check: str) -> bool:
    return any(asked[check].status is Status.FAIL for asked in answers.values() if check in asked)


def test_there_are_enough_subjects() -> None:
    harmless = [one for one in EXPECTED.values() if one.is_harmless]
    assert len(EXPECTED) - len(harmless) >= 60
    assert len(harmless) >= 20


def test_expectations_name_checks_that_exist() -> None:
    known = {check.id for check in CONFIGURATION_CHECKS.all()}
    named = {check for one in EXPECTED.values() for check in (*one.checks, *one.also)}
    assert named <= known, f"unknown: {sorted(named - known)}"


def test_every_check_is_shown_to_fail() -> None:
    shown = {check for one in EXPECTED.values() for check in one.checks}
    never = [check.id for check in CONFIGURATION_CHECKS.all() if check.id not in shown]
    assert not never, f"no subject fails {never}"


def test_every_check_has_a_stage_and_words() -> None:
    for check in CONFIGURATION_CHECKS.all():
        assert check.stage in STAGES, check.id
        assert check.title and check.remedy and check.remedy.endswith((".", ")", "]")), check.id


@pytest.mark.parametrize("name", ["_good"])
def test_shared_parts_are_no_subject(name: str) -> None:
    assert name not in EXPECTED
