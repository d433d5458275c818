"""Nothing rests on the stand-in's own library: with nixpkgs' the same is evaluated, and judged the same."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import recording

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "subjects"))
import hybrid
import tables

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.process import run, tool
from rknn_validation.facts.gather import Evaluator, gather_many
from rknn_validation.facts.nix.nixpkgs import STANDIN
from rknn_validation.subject.validation import load

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[3]
VALUES = Path(__file__).parent / "nixos" / "values.nix"
RECORDED: dict[str, dict[str, Any]] = json.loads(recording.RECORDED.read_text())["cases"]
OWN = "this repository's"
STANDIN_ONLY = {"harmless-options-of-others-modules"}
"""Sets options of modules it does not import, which is an error wherever nixpkgs' own library is used."""
SAMPLE = sorted(one.name for one in tables.subjects().values() if not one.aborts and one.name not in STANDIN_ONLY)[::10]
"""Every tenth subject: all of them take five times as long, and have been the same."""

Statuses = Mapping[tuple[str, str, str], str]


@pytest.fixture(scope="module", params=hybrid.libraries())
def tree(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hybrid of each library that was given."""
    return hybrid.made_of(request.param, tmp_path_factory.mktemp("hybrid") / "nixpkgs")


@pytest.mark.parametrize("name", recording.files())
def test_the_recorded_cases_are_the_librarys(name: str, tree: Path) -> None:
    seen = recording.observe(name, tree, Deadline.after(60, "the recorded cases"))
    wrong = {case: (was, seen.get(case)) for case, was in RECORDED[name].items() if seen.get(case) != was}
    assert not wrong


def values(nixpkgs: Path) -> Any:
    """Everything in values.nix but the options, of which newer libraries may declare more."""
    program = tool("nix-instantiate", "install Nix")
    command = [program, "--eval", "--strict", "--json", "--store", "dummy://", "--argstr", "standin", str(nixpkgs)]
    done = run([*command, str(VALUES)], deadline=Deadline.after(120, "values.nix"), memory=8 * 2**30)
    assert done.returncode == 0, done.stderr
    return {name: value for name, value in json.loads(done.stdout).items() if name != "declared"}


def test_configurations_have_the_same_values(tree: Path) -> None:
    assert values(tree) == values(STANDIN)


def statuses(nixpkgs: Path | None, folder: Path) -> Statuses:
    """What every check says of this repository's subject and of the sample: `{(subject, scenario, check): status}`."""
    wanted = {name: load(tables.subjects()[name].written(folder)) for name in SAMPLE}
    wanted[OWN] = load(ROOT / "validation.yaml")
    gathered = gather_many(wanted, Evaluator(nixpkgs, Deadline.after(600, "the subjects"), offline=True))
    return {
        (name, scenario, check): answer.status.value
        for name, facts in gathered.items()
        for scenario, asked in tables.answers(facts).items()
        for check, answer in asked.items()
    }


def test_subjects_are_judged_the_same(tree: Path, tmp_path: Path) -> None:
    before, now = statuses(None, tmp_path), statuses(tree, tmp_path)
    different = {key: (before.get(key), status) for key, status in now.items() if before.get(key) != status}
    assert not different
    assert before.keys() == now.keys()
    assert len({name for name, _, _ in now}) == len(SAMPLE) + 1
