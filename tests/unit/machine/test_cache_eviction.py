"""A full cache: what can be made again is evicted first, downloads stay until somebody asks for their removal."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from test_cache import soon

from rknn_validation.common import cachecommand
from rknn_validation.common.cache import MANIFEST, Cache, EntryKind, Wanted
from rknn_validation.common.cacheentry import ABOUT

pytestmark = pytest.mark.unit

BYTES = 100_000
DAY = 86400.0

DEBIAN = Wanted("packages", "a" * 40, "the board's packages", 0, EntryKind.DOWNLOADS)
SUDO = Wanted("sudo", "b" * 40, "sudo", 0, EntryKind.DOWNLOADS)
IMAGE = Wanted("image", "c" * 40, "the board's image", 0, EntryKind.BUILDS, (DEBIAN.name,))


def board(number: int) -> Wanted:
    return Wanted("snapshot", f"{number}" * 40, "a booted board", 0, EntryKind.SNAPSHOTS)


def fill(target: Path) -> None:
    (target / "file").write_bytes(os.urandom(BYTES))


def make(root: Path, wanted: Wanted, *, days: float, for_tests: bool = False, limit: int = 10**9) -> list[str]:
    """Have an entry, last used so many days ago; what was said meanwhile."""
    said: list[str] = []
    cache = Cache(root, limit, for_tests=for_tests)
    cache.entry(wanted, fill, soon(), said.append)
    cache.close()
    used = time.time() - days * DAY
    os.utime(root / "locks" / f"{wanted.name}.use", (used, used))
    return said


def room(root: Path, count: int) -> int:
    """A limit that so many entries fit into."""
    return count * max(entry.size for entry in Cache(root).entries())


def names(root: Path) -> set[str]:
    return {entry.name for entry in Cache(root).entries()}


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """Two downloads unused for long, an image, and snapshots of a user and of tests."""
    make(tmp_path, DEBIAN, days=100)
    make(tmp_path, SUDO, days=90)
    make(tmp_path, IMAGE, days=1)
    make(tmp_path, board(1), days=5)
    make(tmp_path, board(2), days=0)
    make(tmp_path, board(3), days=0.5, for_tests=True)
    make(tmp_path, board(4), days=0.1, for_tests=True)
    return tmp_path


def test_snapshots_of_tests_go_first_then_what_was_unused_for_longest_and_no_download(full: Path) -> None:
    order = [board(3).name, board(4).name, board(1).name, IMAGE.name, board(2).name]
    for place, name in enumerate(order):
        assert Cache(full, limit=room(full, 6 - place)).prune() == (name,)
    assert Cache(full, limit=0).prune() == ()
    assert names(full) == {DEBIAN.name, SUDO.name}


def test_a_new_entry_evicts_snapshots_and_no_downloads(full: Path) -> None:
    big = Wanted("snapshot", "9" * 40, "a booted board", 2 * BYTES, EntryKind.SNAPSHOTS)
    assert make(full, big, days=0, limit=room(full, 6)) == []
    assert names(full) == {one.name for one in (DEBIAN, SUDO, IMAGE, board(2), big)}


def test_what_is_in_use_stays(full: Path) -> None:
    cache = Cache(full, for_tests=True)
    cache.entry(board(3), fill, soon(), print)
    assert Cache(full, limit=room(full, 6)).prune() == (board(4).name,)
    cache.close()
    assert Cache(full, limit=room(full, 5)).prune() == (board(3).name,)


def test_a_user_s_snapshots_that_are_stale_do_not_keep_those_of_tests_out(full: Path) -> None:
    make(full, board(1), days=20)
    assert Cache(full, limit=room(full, 6)).prune() == (board(1).name,)


def test_a_user_s_run_takes_over_what_tests_have_made(full: Path) -> None:
    make(full, board(3), days=0)
    assert Cache(full, limit=room(full, 5)).prune() == (board(4).name, board(1).name)
    make(full, board(3), days=0, for_tests=True)
    assert {entry.kind for entry in Cache(full).entries() if entry.name == board(3).name} == {EntryKind.SNAPSHOTS}


def test_downloads_beyond_the_limit_are_kept_and_reported(full: Path) -> None:
    (said,) = make(full, board(5), days=0, limit=BYTES)
    assert "more than the cache's limit" in said
    assert names(full) == {DEBIAN.name, SUDO.name, board(5).name}


def test_an_image_that_has_lost_its_packages_is_kept_like_a_download(full: Path) -> None:
    Cache(full).remove(DEBIAN.name)
    Cache(full, limit=0).prune()
    assert names(full) == {SUDO.name, IMAGE.name}


def test_entries_of_releases_that_kept_no_record_are_known_by_their_names(full: Path) -> None:
    for record in full.glob(f"*/{ABOUT}"):
        record.unlink()
    (full / board(2).name / ABOUT).write_text('{"kind": "of tomorrow"}')
    order = [entry.name for entry in Cache(full).entries()]
    removed = Cache(full, limit=0).prune()
    assert set(removed) == {IMAGE.name, *(board(number).name for number in range(1, 5))} < set(order)
    assert names(full) == {DEBIAN.name, SUDO.name}
    make(full, DEBIAN, days=0)
    assert json.loads((full / DEBIAN.name / ABOUT).read_text())["what"] == "the board's packages"


def shown(root: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    """What the command shows a program, by name."""
    assert cachecommand.main(["--cache", str(root), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["size"] == sum(one["size"] for one in told["entries"])
    return {one["name"]: one for one in told["entries"]}


def test_the_command_shows_what_is_kept(full: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache = Cache(full, for_tests=True)
    cache.entry(board(3), fill, soon(), print)
    (full / "guests").mkdir()
    (full / "guests" / "opi01-vendor").symlink_to("/nix/store/x-guest")
    cachecommand.main(["--cache", str(full)])
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}
    assert lines[f"{full}:"].endswith("of at most 8 GiB")
    assert "90 d ago" in lines["sudo-bbbbbbbb"] and "needed" in lines["sudo-bbbbbbbb"]
    assert "in use" in lines["snapshot-33333333"]
    assert lines["snapshot-33333333"].endswith("a booted board (made by tests)")
    assert f"made by a run in {Path.cwd()}" in lines["image-cccccccc"]
    assert "needed" in lines["guests/opi01-vendor"] and "/nix/store/x-guest" in lines["guests/opi01-vendor"]
    assert lines["snapshots:"].startswith("snapshots: 2,") and lines["test-snapshots:"].startswith("test-snapshots: 2,")
    entries = shown(full, capsys)
    cache.close()
    assert [name for name, one in entries.items() if one["in_use"]] == [board(3).name]
    needing = {name for name, one in entries.items() if one["needs_network"]}
    assert needing == {DEBIAN.name, SUDO.name, "guests/opi01-vendor"}


def remove(root: Path, *words: str) -> int:
    return cachecommand.main(["--cache", str(root), "remove", *words])


def test_the_command_removes_by_kind_and_by_name_but_nothing_in_use(
    full: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = Cache(full, for_tests=True)
    cache.entry(board(3), fill, soon(), print)
    assert remove(full, "test-snapshots") == 1
    assert "kept snapshot-33333333: a run uses it" in capsys.readouterr().out
    cache.close()
    assert names(full) == {one.name for one in (DEBIAN, SUDO, IMAGE, board(1), board(2), board(3))}
    assert remove(full, "snapshot-1", SUDO.name) == 0
    assert "removed sudo-bbbbbbbb: sudo" in capsys.readouterr().out
    assert names(full) == {one.name for one in (DEBIAN, IMAGE, board(2), board(3))}
    assert remove(full, "downloads") == 0
    assert remove(full, "builds") == 0
    assert names(full) == {one.name for one in (IMAGE, board(2), board(3))}, "without its packages, it is kept"
    assert remove(full, "--all") == 0
    assert names(full) == set()


@pytest.mark.parametrize(("word", "why"), [("snapshot", "means snapshot-2"), ("kernels", "no kind and no entry")])
def test_unknown_and_ambiguous_names_remove_nothing(
    word: str, why: str, full: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = names(full)
    assert remove(full, "downloads", word) == 1
    assert why in capsys.readouterr().err
    assert names(full) == before


def test_remove_without_a_kind_or_name_is_a_usage_error(full: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        remove(full)
    assert caught.value.code == 2


def test_a_cache_that_is_not_there_yet_is_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cachecommand.main(["--cache", str(tmp_path / "none")]) == 0
    assert "nothing is kept" in capsys.readouterr().out
    assert remove(tmp_path / "none", "--all") == 0
    assert not (tmp_path / "none").exists()


def test_entries_that_are_not_whole_are_not_shown(tmp_path: Path) -> None:
    make(tmp_path, SUDO, days=0)
    (tmp_path / SUDO.name / MANIFEST).unlink()
    assert names(tmp_path) == set()
