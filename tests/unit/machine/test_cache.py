"""The cache: entries appear whole or not at all, damage is noticed, runs share it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rknn_validation.common.cache import MANIFEST, Cache, Wanted, default_root
from rknn_validation.common.cacheentry import ABOUT
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.common.files import allocated, content_hash, copy_sparse

pytestmark = pytest.mark.unit

MEGA = 1024**2
WANTED = Wanted("thing", "0" * 40, "a thing", MEGA)


class Builder:
    """Builds an entry and counts how often."""

    def __init__(self, data: bytes = b"data" * 1000) -> None:
        self.data = data
        self.built = 0
        self.said: list[str] = []

    def __call__(self, target: Path) -> None:
        self.built += 1
        (target / "file").write_bytes(self.data)

    def get(self, root: Path, wanted: Wanted = WANTED) -> Path:
        cache = Cache(root)
        try:
            return cache.entry(wanted, self, soon(), self.said.append)
        finally:
            cache.close()


def soon(seconds: float = 10) -> Deadline:
    return Deadline.after(seconds, "the cache")


def leftovers(root: Path) -> list[str]:
    """What is there besides whole entries and lock files."""
    whole = {path for path in root.iterdir() if (path / MANIFEST).exists()}
    rest = {path for path in root.iterdir() if path.name not in ("locks", "building")} - whole
    return [path.name for path in (*rest, *(root / "building").iterdir())]


def test_an_entry_is_built_once(tmp_path: Path) -> None:
    builder = Builder()
    first = builder.get(tmp_path)
    assert builder.get(tmp_path) == first
    assert builder.built == 1
    assert (first / "file").read_bytes() == builder.data
    assert builder.said == []


def truncate(path: Path) -> None:
    os.truncate(path, 10)


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(0, 0))


def flip_a_byte_and_hide_it(path: Path) -> None:
    state = path.stat()
    flip_a_byte(path)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def remove(path: Path) -> None:
    path.unlink()


def break_the_manifest(path: Path) -> None:
    (path.parent / MANIFEST).write_text('{"file": ')


def lose_the_manifest(path: Path) -> None:
    (path.parent / MANIFEST).unlink()


@pytest.mark.parametrize(
    "harm", [truncate, flip_a_byte, flip_a_byte_and_hide_it, remove, break_the_manifest, lose_the_manifest]
)
def test_a_damaged_entry_is_built_again_and_reported(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    builder = Builder()
    harm(builder.get(tmp_path) / "file")
    again = builder.get(tmp_path)
    assert builder.built == 2
    assert (again / "file").read_bytes() == builder.data
    assert len(builder.said) == 1
    assert "damaged" in builder.said[0]
    assert leftovers(tmp_path) == []


def test_a_touched_but_equal_entry_is_kept(tmp_path: Path) -> None:
    builder = Builder()
    os.utime(builder.get(tmp_path) / "file")
    builder.get(tmp_path)
    assert builder.built == 1


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    def fail(target: Path) -> None:
        (target / "half").write_bytes(b"x")
        raise HarnessError("no")

    with pytest.raises(HarnessError, match="no"):
        Cache(tmp_path).entry(WANTED, fail, soon(), print)
    assert leftovers(tmp_path) == []
    assert not (tmp_path / WANTED.name).exists()


def test_a_half_built_entry_of_a_killed_run_is_replaced(tmp_path: Path) -> None:
    half = tmp_path / "building" / WANTED.name
    half.mkdir(parents=True)
    (half / "stale").write_bytes(b"x")
    other = tmp_path / "building" / "thing-of-another-key"
    other.mkdir()
    entry = Builder().get(tmp_path)
    assert sorted(path.name for path in entry.iterdir()) == [ABOUT, "file", MANIFEST]
    assert leftovers(tmp_path) == []


def test_a_full_disk_while_building(tmp_path: Path) -> None:
    def fill(target: Path) -> None:
        (target / "half").write_bytes(b"x")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(HarnessError, match="no space left for a thing") as caught:
        Cache(tmp_path).entry(WANTED, fill, soon(), print)
    assert "1 MiB free" in caught.value.expected
    assert "XDG_CACHE_HOME" in caught.value.hint
    assert leftovers(tmp_path) == []


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(HarnessError, match="cannot be used"):
        Builder().get(tmp_path / "file")


def test_default_root_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert default_root() == Path("/somewhere/rknn-validation")
    for unset in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", unset)
        monkeypatch.setenv("HOME", "/home/me")
        assert default_root() == Path("/home/me/.cache/rknn-validation")


def test_sparse_copies_are_small_and_equal(tmp_path: Path) -> None:
    """Holes and zeroes are the same content, and neither takes space."""
    full, copy = tmp_path / "full", tmp_path / "copy"
    full.write_bytes(bytes(3 * MEGA) + b"end of it" + bytes(5 * MEGA))
    with full.open("rb") as file:
        copy_sparse(file.fileno(), full.stat().st_size, copy)
    assert copy.read_bytes() == full.read_bytes()
    assert content_hash(copy) == content_hash(full)
    assert allocated(copy) < MEGA
    full.write_bytes(bytes(3 * MEGA) + b"End of it" + bytes(5 * MEGA))
    assert content_hash(copy) != content_hash(full)
