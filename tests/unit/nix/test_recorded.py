"""The stand-in behaves as the nixpkgs library was recorded to; so does a real one, when one is given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import recording
from workers import Kept

from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.nix.command import STANDIN

pytestmark = pytest.mark.unit

CASES = Path(__file__).parent
RECORDED: dict[str, dict[str, Any]] = json.loads(recording.RECORDED.read_text())["cases"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "library" in metafunc.fixturenames:
        given = metafunc.config.getoption("--nixpkgs", default=None)
        libraries = {"stand-in": STANDIN} | ({} if given is None else {"nixpkgs": Path(given).resolve()})
        metafunc.parametrize("library", list(libraries.values()), ids=list(libraries))


@pytest.mark.parametrize("name", recording.files())
def test_the_library_behaves_as_recorded(name: str, library: Path, kept: Kept) -> None:
    def observed() -> dict[str, Any]:
        return recording.observe(name, library, Deadline.after(60, "the recorded cases"))

    # What a given nixpkgs says is always asked.
    seen = kept(f"recorded {name}", observed, CASES) if library == STANDIN else observed()
    wrong = {case: (result, seen.get(case)) for case, result in RECORDED[name].items() if seen.get(case) != result}
    lines = [f"{name}.{case}\n  recorded {was}\n  now      {now}" for case, (was, now) in wrong.items()]
    assert not wrong, f"{len(wrong)} of {len(RECORDED[name])} cases differ\n" + "\n".join(lines)


def test_enough_is_recorded_and_nothing_recorded_is_gone() -> None:
    assert set(RECORDED) == set(recording.files())
    assert sum(map(len, RECORDED.values())) >= 150


def test_only_the_cases_that_must_fail_do() -> None:
    for name, cases in RECORDED.items():
        for case, result in cases.items():
            assert ("error" in result) == (name == recording.FAILING), f"{name}.{case}"
