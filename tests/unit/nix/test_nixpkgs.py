"""Which nixpkgs serves: what is named, the pin, the stand-in; quickly, and with the reason."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.facts.nix import nixpkgs, sources
from rknn_validation.facts.nix.nixpkgs import STANDIN, Nixpkgs, choose, locked, pin
from rknn_validation.facts.nix.sources import store_path

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[3]
NEW, OLD = (2, 26, 3), (2, 8, 0)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A store and a cache of its own, no network, and a Nix that nixpkgs takes."""
    monkeypatch.setenv("NIX_STORE_DIR", str(tmp_path / "store"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(nixpkgs, "version", lambda deadline: NEW)
    monkeypatch.setattr(sources, "unreachable", lambda host, port: "no network")


def chosen(given: str | None = None, *, offline: bool = False) -> Nixpkgs:
    said: list[str] = []
    choice = choose(given, offline=offline, deadline=Deadline.after(30, "nixpkgs"), progress=said.append)
    assert said == []
    return choice


def tree(path: Path, *, needs: str = "2.18") -> Path:
    """As much of a nixpkgs as is looked at."""
    for name in nixpkgs.ENTRY:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text("{ }")
    (path / "lib" / ".version").write_text("26.05")
    (path / "lib" / "minver.nix").write_text(f'# The oldest Nix\n"{needs}"\n')
    return path


def test_the_pin_equals_the_flake_lock() -> None:
    node = json.loads((ROOT / "flake.lock").read_text())["nodes"]["nixpkgs"]
    assert pin() == {name: node["locked"][name] for name in ("owner", "repo", "rev", "narHash")} | {
        "ref": node["original"]["ref"]
    }


def test_a_computed_store_path_equals_nixs(monkeypatch: pytest.MonkeyPatch) -> None:
    # What Nix 2.8 called a folder that it fetched.
    monkeypatch.delenv("NIX_STORE_DIR")
    place = store_path("sha256-nEF7vqWkrsDcoPQcu2eYNULLhiwSmuNpu7Mq27lVRaM=")
    assert place == Path("/nix/store/4y14sxc2r0kmpgcn5ily1lzp29p5dlij-source")


def test_a_folder_given_with_nixpkgs_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = tree(tmp_path / "nixpkgs")
    assert chosen(str(named)) == Nixpkgs(named, f"nixpkgs 26.05 ({named})", f"--nixpkgs {named}")
    assert chosen(f"path:{named}").path == named
    monkeypatch.chdir(tmp_path)
    assert chosen("nixpkgs").path == named
    assert chosen(str(STANDIN)).path == STANDIN


@pytest.mark.parametrize("given", ["/nowhere/at/all", "path:nothing", "src"])
def test_a_folder_without_nixpkgs_is_an_error(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(HarnessError, match=r"is no nixpkgs\n.*expected: a folder with nixpkgs"):
        chosen(given)


def test_the_pin_is_used_if_it_is_in_the_store() -> None:
    place = store_path(pin()["narHash"])
    assert place is not None
    kept = tree(place)
    for offline in (False, True):
        assert (chosen(offline=offline).path, chosen(offline=offline).tree) == (kept, kept)
    assert "the pin of this project, nixos-26.05 at" in chosen().header


def test_without_network_the_stand_in_is_used_and_the_failure_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--offline forbids" in chosen(offline=True).reason
    choice = chosen()
    assert (choice.path, choice.tree, choice.name) == (None, STANDIN, "stand-in for nixpkgs")
    assert choice.header.endswith("cannot be fetched: no network")
    monkeypatch.setattr(sources, "unreachable", lambda host, port: pytest.fail("asked twice"))
    assert chosen().header.endswith("could not be fetched: no network")
    for file in (sources.default_root() / "unreachable").iterdir():
        os.utime(file, (0, time.time() - sources.FRESH - 1))
    with pytest.raises(pytest.fail.Exception, match="asked twice"):
        chosen()


def test_a_nix_too_old_gets_the_stand_in_without_fetching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nixpkgs, "version", lambda deadline: OLD)
    monkeypatch.setattr(sources, "unreachable", lambda host, port: pytest.fail("asked"))
    assert chosen().header == "stand-in for nixpkgs: Nix 2.8.0 is too old for nixpkgs, which needs 2.18"
    named = tree(tmp_path / "nixpkgs")
    said = f"nixpkgs 26.05 ({named}), --nixpkgs {named}, needs Nix 2.18, and this is Nix 2.8.0"
    assert chosen(str(named)).header.endswith(said)
    assert locked(named, Deadline.after(30, "nixpkgs")).header.endswith(
        said.replace(f"--nixpkgs {named}", "locked by its flake")
    )
    assert chosen(str(tree(tmp_path / "older", needs="2.3"))).path == tmp_path / "older"


def test_a_server_that_does_not_answer_is_given_up_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(sources, "SECONDS", 0.05)
    never = threading.Event()
    monkeypatch.setattr("socket.create_connection", lambda *given: never.wait())
    assert sources.unreachable("example.invalid", 443) == "example.invalid did not answer within 0.05 s"
