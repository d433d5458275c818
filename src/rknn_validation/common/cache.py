"""The user's cache: directories keyed by what made them, shared safely between runs.

An entry appears whole or not at all. Two locks guard it: `build` (one run builds, others wait) and
`use` (held shared as long as a run needs the entry, so that it is not removed meanwhile).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from rknn_validation.common.cacheentry import Entry, EntryKind, Wanted, note, read
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.common.files import allocated, content_hash
from rknn_validation.common.locks import FileLock

__all__ = ["LIMIT", "MANIFEST", "Cache", "Entry", "EntryKind", "Progress", "Wanted", "default_root"]

MANIFEST = "manifest.json"
LIMIT = 8 * 1024**3
"""Bytes the cache may take before entries that can be made again without network are removed."""
MEGA = 1024**2

Build = Callable[[Path], None]
Progress = Callable[[str], None]


def default_root() -> Path:
    """`$XDG_CACHE_HOME/rknn-validation`, or below `~/.cache` where that is unset (XDG base directory specification)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "rknn-validation"


class Cache:
    """A directory of entries. Entries obtained from one instance stay in use until `close`.

    `for_tests`: this project's own tests use it. The snapshots they make are evicted before those of a user.
    """

    def __init__(self, root: Path | None = None, limit: int = LIMIT, *, for_tests: bool = False) -> None:
        self.root = root or default_root()
        self.limit = limit
        self.for_tests = for_tests
        self._in_use: dict[str, FileLock] = {}
        self._turn = threading.RLock()

    def entry(self, wanted: Wanted, build: Build, deadline: Deadline, progress: Progress) -> Path:
        """The directory of an entry; `build` fills an empty one if there is none yet, or if it is damaged.

        Raises HarnessError when the disk is full, DeadlineExceeded when another run builds for too long,
        and whatever `build` raises (nothing is left behind then).
        """
        path = self.root / wanted.name
        with self._turn:
            self._hold(wanted, deadline)
            if not _damage(path):
                note(path, wanted, for_tests=self.for_tests)
                return path
            with self._lock(wanted.name, "build") as lock:
                lock.acquire(
                    deadline, shared=False, waiting=lambda: progress(f"waiting for another run: {wanted.what}")
                )
                damage = _damage(path)
                if damage and path.exists():
                    progress(f"cache entry {wanted.name} is damaged ({damage}): building it again")
                if damage:
                    self._build(wanted, build, path, progress)
        return path

    def _hold(self, wanted: Wanted, deadline: Deadline) -> None:
        if wanted.name not in self._in_use:
            lock = self._lock(wanted.name, "use")
            try:
                lock.acquire(deadline, shared=True)
            except OSError as problem:
                raise _unusable(self.root, problem) from problem
            self._in_use[wanted.name] = lock
        self._in_use[wanted.name].touch()

    def _lock(self, name: str, purpose: str) -> FileLock:
        return FileLock(self.root / "locks" / f"{name}.{purpose}")

    def _build(self, wanted: Wanted, build: Build, path: Path, progress: Progress) -> None:
        temporary = self.root / "building" / wanted.name
        try:
            temporary.parent.mkdir(parents=True, exist_ok=True)
            self.prune(wanted.needs, progress)
            _remove(temporary)
            temporary.mkdir()
            _require_space(self.root, wanted)
            build(temporary)
            _write_manifest(temporary)
            note(temporary, wanted, for_tests=self.for_tests)
            _remove(path)
            temporary.rename(path)
        except OSError as problem:
            if problem.errno in (errno.ENOSPC, errno.EDQUOT):
                raise _full(self.root, wanted) from problem
            raise HarnessError(f"{wanted.what} could not be made", seen=f"{problem}") from problem
        finally:
            _remove(temporary)

    def prune(self, keep: int = 0, progress: Progress = lambda line: None) -> tuple[str, ...]:
        """Remove entries that are not in use until the total and `keep` more bytes fit the limit.

        What needs the network to be made again stays, whatever it takes; `progress` is told where that alone is too
        much. What killed runs left half-built goes in any case. The names of the removed entries.
        """
        self.remove_half_built()
        entries = self.entries()
        total = sum(entry.size for entry in entries) + keep
        removed = []
        for entry in sorted((entry for entry in entries if not entry.needs_network), key=Entry.eviction_order):
            if total <= self.limit:
                break
            if self.remove(entry.name):
                total -= entry.size
                removed.append(entry.name)
        fetched = sum(entry.size for entry in entries if entry.needs_network)
        if fetched > self.limit:
            progress(
                f"the downloads in {self.root} take {fetched // MEGA} MiB, more than the cache's limit of"
                f" {self.limit // MEGA} MiB; they are kept (see `rknn-validate cache`)"
            )
        return tuple(removed)

    def remove_half_built(self) -> None:
        """Remove what killed runs left half-built."""
        building = self.root / "building"
        for half in building.iterdir() if building.exists() else ():
            with self._lock(half.name, "build") as lock:
                if lock.attempt(shared=False):
                    _remove(half)

    def entries(self) -> tuple[Entry, ...]:
        """All whole entries."""
        found = [path for path in sorted(self.root.glob("*")) if (path / MANIFEST).exists()]
        return tuple(read(path, allocated(path), self._last_used(path)) for path in found)

    def in_use(self, name: str) -> bool:
        """Whether a run uses or builds an entry."""
        with self._lock(name, "use") as use, self._lock(name, "build") as build:
            return not (use.attempt(shared=False) and build.attempt(shared=False))

    def remove(self, name: str) -> bool:
        """Remove an entry, unless a run uses or builds it; whether it was removed."""
        with self._lock(name, "use") as use, self._lock(name, "build") as build:
            if not (use.attempt(shared=False) and build.attempt(shared=False)):
                return False
            _remove(self.root / name)
            return True

    def _last_used(self, entry: Path) -> float:
        for path in (self.root / "locks" / f"{entry.name}.use", entry / MANIFEST):
            with contextlib.suppress(FileNotFoundError):  # another run may remove it meanwhile
                return path.stat().st_mtime
        return 0.0

    def close(self) -> None:
        """Let go of all entries; they may be removed from now on."""
        for lock in self._in_use.values():
            lock.release()
        self._in_use.clear()


def _write_manifest(directory: Path) -> None:
    files = {}
    for path in sorted(path for path in directory.rglob("*") if path.is_file() and not path.is_symlink()):
        with path.open("rb") as file:
            os.fsync(file.fileno())
        files[str(path.relative_to(directory))] = {"hash": content_hash(path), "stamp": _stamp(path)}
    manifest = directory / MANIFEST
    manifest.write_text(json.dumps(files, indent=1))


def _damage(entry: Path) -> str:
    """What is wrong with an entry; "" if nothing. Hashes only files that were touched since they were written."""
    try:
        manifest = json.loads((entry / MANIFEST).read_text())
        for name, record in manifest.items():
            path = entry / name
            if not path.exists():
                return f"{name} is missing"
            if record["stamp"] != _stamp(path) and record["hash"] != content_hash(path):
                return f"{name} has changed"
    except FileNotFoundError:
        return f"no {MANIFEST}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{MANIFEST} is not readable"
    return ""


def _stamp(path: Path) -> list[int]:
    # Any write moves the change time, and no program can set it.
    state = path.stat()
    return [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino]


def _remove(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)


def _require_space(root: Path, wanted: Wanted) -> None:
    if shutil.disk_usage(root).free < wanted.needs:
        raise _full(root, wanted)


def _full(root: Path, wanted: Wanted) -> HarnessError:
    return HarnessError(
        f"no space left for {wanted.what}",
        expected=f"{-(-wanted.needs // MEGA)} MiB free below {root}",
        seen=f"{shutil.disk_usage(root).free // MEGA} MiB free",
        hint="free some space (`rknn-validate cache` shows what is kept), or name another place with XDG_CACHE_HOME",
    )


def _unusable(root: Path, problem: OSError) -> HarnessError:
    return HarnessError(
        f"the cache {root} cannot be used",
        expected="a directory this user may write to",
        seen=str(problem),
        hint="name another place with XDG_CACHE_HOME",
    )
