"""A fleet of three hosts in a flake with inputs, `specialArgs` and an input that is not on this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from flakes import BAD_HOST, FLEET, Judge, written

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import hybrid

from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.gather import Evaluator
from rknn_validation.facts.hosts import FactsOnDisk, evaluate_hosts, hosts_of
from rknn_validation.facts.model import Facts
from rknn_validation.subject.hosts import Host
from rknn_validation.subject.validation import Validation


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """The folder of the fleet's flake."""
    return written(tmp_path / "fleet", FLEET)


GIVEN = [one for one in hybrid.libraries() if one.values[0] is not None]


@pytest.fixture(scope="session", params=[pytest.param(None, id="stand-in"), *GIVEN])
def nixpkgs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """The stand-in, and a hybrid of each of nixpkgs' libraries that was given (see tests/unit/hybrid.py)."""
    return request.param and hybrid.made_of(request.param, tmp_path_factory.mktemp("hybrid") / "nixpkgs")


@pytest.fixture
def evaluator(nixpkgs: Path | None) -> Evaluator:
    """Evaluates, and fetches nothing."""
    deadline = Deadline.after(200, "Nix to evaluate the hosts")
    return Evaluator(nixpkgs, deadline, offline=True, nixpkgs_was_named=nixpkgs is not None)


@pytest.fixture
def judge(evaluator: Evaluator, tmp_path: Path) -> Judge:
    """Evaluates hosts as a run does."""

    def facts(reference: str | Host, option: str = "") -> Mapping[str, Facts]:
        found = {reference.name: reference} if isinstance(reference, Host) else hosts_of(reference, tmp_path, evaluator)
        path = tuple(option.split(".")) if option else ()
        hosts = {name: Host(name, one.reference, one.board, one.stack, path) for name, one in found.items()}
        folder = tmp_path / "shelf"
        folder.mkdir(exist_ok=True)
        shelf = FactsOnDisk(folder)
        evaluate_hosts(Validation(tmp_path, None, {}, {}, hosts=hosts), evaluator, shelf, lambda _: None)
        return {name: shelf[name] for name in hosts}

    return facts


@pytest.fixture
def bad(tmp_path: Path) -> Callable[[str], str]:
    """`bad(expression)`: a flake with a good host, and one that is this expression."""

    def flake(expression: str) -> str:
        return str(written(tmp_path / "bad", {"flake.nix": BAD_HOST.replace("BAD", expression)}))

    return flake
