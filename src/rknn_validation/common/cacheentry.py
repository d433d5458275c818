"""An entry of the cache: its kind, what it holds, who made it, whether the network is needed to make it again."""

from __future__ import annotations

import contextlib
import enum
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ABOUT = "entry.json"
STALE_SECONDS = 14 * 24 * 3600.0
"""An entry unused for this long is evicted as early as a test run's snapshots, so that it does not keep them out."""


class EntryKind(enum.StrEnum):
    """Why an entry is kept. Downloads are never evicted, only removed by hand."""

    TEST_SNAPSHOTS = "test-snapshots"
    """Boards booted by this project's own tests, and the guests made for them."""
    SNAPSHOTS = "snapshots"
    """Boards booted for the configurations that a user judges."""
    BUILDS = "builds"
    """Made on this machine from downloads and sources: the image, kernel modules, programs."""
    DOWNLOADS = "downloads"
    """Debian packages, the vendor's wheel, NixOS guests: the network is needed to have them again."""


@dataclass(frozen=True)
class Wanted:
    """What an entry is to hold: `prefix` and `key` name it, `what` tells people, `needs` is its size in bytes at most.

    `downloads` names the downloads it is made from: without one of them, it cannot be made again without network.
    """

    prefix: str
    key: str
    what: str
    needs: int
    kind: EntryKind = EntryKind.BUILDS
    downloads: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The entry's directory name."""
        return f"{self.prefix}-{self.key[:32]}"


@dataclass(frozen=True)
class Entry:
    """An entry that is there. `size` is in bytes, `last_used` in seconds since the epoch; `maker` is "" if unknown."""

    name: str
    kind: EntryKind
    what: str
    maker: str
    size: int
    last_used: float
    needs_network: bool
    """Whether the network is needed to make it again."""

    def eviction_order(self) -> tuple[bool, float]:
        """Sorts what is evicted first to the front: snapshots of tests and what is stale, then by the last use."""
        early = self.kind is EntryKind.TEST_SNAPSHOTS or self.last_used < time.time() - STALE_SECONDS
        return (not early, self.last_used)


_OLDER: Mapping[str, tuple[EntryKind, str, tuple[str, ...]]] = {
    "packages": (EntryKind.DOWNLOADS, "the board's packages", ()),
    "sudo": (EntryKind.DOWNLOADS, "sudo for an emulated board", ()),
    "image": (EntryKind.BUILDS, "the board's image", ("packages-*",)),
    "guest": (EntryKind.TEST_SNAPSHOTS, "an image of NixOS layout", ()),
    "snapshot": (EntryKind.SNAPSHOTS, "a booted board", ()),
}
"""Prefix -> kind, content and downloads of entries made by releases that kept no record of it."""


def note(entry: Path, wanted: Wanted, *, for_tests: bool) -> None:
    """Record what an entry is. A user's run that uses a snapshot of the tests makes it the user's own."""
    recorded = _recorded(entry)
    mine = EntryKind.TEST_SNAPSHOTS if for_tests and wanted.kind is EntryKind.SNAPSHOTS else wanted.kind
    if recorded and (for_tests or recorded["kind"] == mine):
        return
    maker = "tests" if for_tests else f"a run in {Path.cwd()}"
    about = {"kind": mine, "what": wanted.what, "maker": maker, "downloads": wanted.downloads}
    new = entry / f"{ABOUT}.{os.getpid()}"
    with contextlib.suppress(OSError):  # the entry serves all the same
        new.write_text(json.dumps(about, indent=1))
        new.replace(entry / ABOUT)


def read(entry: Path, size: int, last_used: float) -> Entry:
    """What is known of an entry, by its record or else by its name."""
    about = _recorded(entry)
    if about is None:
        prefix = entry.name.partition("-")[0]
        kind, what, downloads = _OLDER.get(prefix, (EntryKind.BUILDS, prefix, ()))
        about = {"kind": kind, "what": what, "maker": "", "downloads": downloads}
    kind = EntryKind(about["kind"])
    lost = any(not list(entry.parent.glob(name)) for name in about["downloads"])
    needs_network = kind is EntryKind.DOWNLOADS or lost
    return Entry(entry.name, kind, about["what"], about["maker"], size, last_used, needs_network)


def _recorded(entry: Path) -> dict[str, Any] | None:
    """The record of an entry; None where there is none that can be read."""
    try:
        about = json.loads((entry / ABOUT).read_text())
        EntryKind(about["kind"])
        return {key: about[key] for key in ("kind", "what", "maker", "downloads")}
    except (OSError, ValueError, KeyError, TypeError):
        return None
