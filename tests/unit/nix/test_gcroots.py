"""What was fetched once outlives Nix's garbage collector, until its link is removed from the cache."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rknn_validation.common import cachecommand
from rknn_validation.common.cache import default_root
from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.nix.gcroots import keep

pytestmark = pytest.mark.integration


def nix_store(*words: str | Path) -> str:
    done = subprocess.run(["nix-store", *words], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


@pytest.fixture
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source in a store of its own."""
    for variable, folder in (("NIX_STORE_DIR", "store"), ("NIX_STATE_DIR", "state"), ("XDG_CACHE_HOME", "cache")):
        monkeypatch.setenv(variable, str(tmp_path / folder))
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "default.nix").write_text("{ }")
    return Path(nix_store("--add", tmp_path / "source"))


def test_fetched_sources_are_kept_until_they_are_removed_from_the_cache(fetched: Path) -> None:
    assert keep(fetched, Deadline.after(60, "the store")) == fetched
    nix_store("--gc")
    assert fetched.is_dir()
    assert cachecommand.main(["remove", "downloads"]) == 0
    nix_store("--gc")
    assert not fetched.exists()


def test_sources_that_nix_cannot_keep_are_used_all_the_same(fetched: Path) -> None:
    default_root().mkdir(parents=True)
    (default_root() / "inputs").write_text("no folder")
    for path in (fetched, fetched.parent / "none"):
        assert keep(path, Deadline.after(60, "the store")) == path
