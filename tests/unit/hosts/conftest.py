"""A fleet of three hosts in a flake with inputs, `specialArgs` and an input that is not on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from flakes import BAD_HOST, FLEET, Judge, written

from rknn_validation.deadline import Deadline
from rknn_validation.facts.deployed import deployed, hosts_of
from rknn_validation.facts.gather import Evaluator
from rknn_validation.facts.model import Facts
from rknn_validation.facts.shelf import Shelf
from rknn_validation.hostsfile import Host
from rknn_validation.subject import Validation


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """The folder of the fleet's flake."""
    return written(tmp_path / "fleet", FLEET)


@pytest.fixture
def evaluator() -> Evaluator:
    """Evaluates with the stand-in, and fetches nothing."""
    return Evaluator(None, Deadline.after(100, "Nix to evaluate the hosts"), offline=True)


@pytest.fixture
def judge(evaluator: Evaluator, tmp_path: Path) -> Judge:
    """Evaluates hosts as a run does."""

    def facts(reference: str | Host, option: str = "") -> Mapping[str, Facts]:
        found = {reference.name: reference} if isinstance(reference, Host) else hosts_of(reference, tmp_path, evaluator)
        path = tuple(option.split(".")) if option else ()
        hosts = {name: Host(name, one.reference, one.board, one.stack, path) for name, one in found.items()}
        folder = tmp_path / "shelf"
        folder.mkdir(exist_ok=True)
        shelf = Shelf(folder)
        deployed(Validation(tmp_path, None, {}, {}, hosts=hosts), evaluator, shelf, lambda _: None)
        return {name: shelf[name] for name in hosts}

    return facts


@pytest.fixture
def bad(tmp_path: Path) -> Callable[[str], str]:
    """`bad(expression)`: a flake with a good host, and one that is this expression."""

    def flake(expression: str) -> str:
        return str(written(tmp_path / "bad", {"flake.nix": BAD_HOST.replace("BAD", expression)}))

    return flake
