"""`rknn-validate cache`: shows what is kept for later runs, and removes it by kind or by name."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rknn_validation.common.cache import Cache, EntryKind
from rknn_validation.common.files import allocated

LINKS = {"guests": "a NixOS guest; the link keeps it in the Nix store", "inputs": "fetched sources in the Nix store"}
"""Folders of links into the Nix store: without them, Nix may collect what they point to."""
LOGS = {
    "logs": "consoles of boards that did not come up",
    "unreachable": "servers that did not answer, for an hour",
}
"""Folders with notes that are of no use for long."""
SHORT = 8
"""Digits of a key that are shown; a name may be shortened as far as it is unambiguous."""


@dataclass(frozen=True)
class Kept:
    """One thing that is kept, as it is shown. `kind` is an `EntryKind` or `logs`; `last_used` in seconds since 1970."""

    name: str
    kind: str
    what: str
    maker: str
    size: int
    last_used: float
    in_use: bool
    needs_network: bool

    @property
    def short(self) -> str:
        """The name with as much of its key as is shown."""
        prefix, dash, key = self.name.rpartition("-")
        return f"{prefix}-{key[:SHORT]}" if dash and len(key) == 32 else self.name


def main(arguments: list[str]) -> int:
    """Run `rknn-validate cache` with these arguments; the exit status: 1 where something asked for was not removed."""
    parser = _parser()
    options = parser.parse_args(arguments)
    cache = Cache(options.cache)
    kept = everything(cache)
    if options.command != "remove":
        print(as_json(cache, kept) if options.json else as_table(cache, kept))
        return 0
    if not options.all and not options.what:
        parser.error("remove: name a kind or an entry, or say --all")
    chosen, unknown = (kept, []) if options.all else _chosen(kept, options.what)
    for word, why in unknown:
        print(f"{word}: {why}", file=sys.stderr)
    return 1 if unknown else _remove(cache, chosen)


def _parser() -> argparse.ArgumentParser:
    kinds = (*(kind.value for kind in reversed(EntryKind)), "logs")
    parser = argparse.ArgumentParser(
        prog="rknn-validate cache",
        description="Show what is kept for later runs. What can be made again without network is evicted when the cache"
        " reaches its limit; downloads are only removed when you ask for it.",
    )
    parser.add_argument("--cache", metavar="DIR", type=Path, help="another cache than the user's")
    parser.add_argument("--json", action="store_true", help="print JSON")
    remove = parser.add_subparsers(dest="command", metavar="remove").add_parser(
        "remove", help="remove entries by kind or name", description="Remove entries, but never one that is in use."
    )
    names = f"{', '.join(kinds)} (downloads are all that needs the network to be made again), or an entry's name"
    remove.add_argument("what", nargs="*", metavar="KIND|NAME", help=names)
    remove.add_argument("--all", action="store_true", help="everything, downloads included")
    return parser


def everything(cache: Cache) -> list[Kept]:
    """All that is kept, downloads first, of each kind what was used last first."""
    kept = [Kept(**{**asdict(entry), "in_use": cache.in_use(entry.name)}) for entry in cache.entries()]
    for folder, what in LINKS.items():
        links = sorted(path for path in cache.root.glob(f"{folder}/*") if path.is_symlink())
        kept += [_unguarded(cache, link, EntryKind.DOWNLOADS, f"{what}: {link.readlink()}") for link in links]
    folders = [(cache.root / folder, what) for folder, what in LOGS.items() if any(cache.root.glob(f"{folder}/*"))]
    kept += [_unguarded(cache, folder, "logs", what) for folder, what in folders]
    order = [*reversed(EntryKind), "logs"]
    return sorted(kept, key=lambda one: (order.index(one.kind), -one.last_used))


def _unguarded(cache: Cache, path: Path, kind: str, what: str) -> Kept:
    name = str(path.relative_to(cache.root))
    used = path.lstat().st_mtime
    return Kept(name, kind, what, "", allocated(path), used, in_use=False, needs_network=kind == EntryKind.DOWNLOADS)


def as_json(cache: Cache, kept: Sequence[Kept]) -> str:
    """All of it for programs."""
    total = sum(one.size for one in kept)
    entries = [asdict(one) for one in kept]
    return json.dumps({"root": str(cache.root), "limit": cache.limit, "size": total, "entries": entries}, indent=2)


def as_table(cache: Cache, kept: Sequence[Kept]) -> str:
    """All of it for people."""
    total = sum(one.size for one in kept)
    lines = [f"{cache.root}: {_size(total)} of at most {_size(cache.limit)}"]
    if not kept:
        return f"{lines[0]} (nothing is kept)"
    header = ("NAME", "KIND", "SIZE", "LAST USE", "NETWORK", "WHAT")
    rows = [header, *(_row(one) for one in kept)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header) - 1)]
    lines += ["", *("  ".join([*map(str.ljust, row, widths), row[-1]]) for row in rows), ""]
    for kind in dict.fromkeys(one.kind for one in kept):
        same = [one.size for one in kept if one.kind == kind]
        lines.append(f"{kind}: {len(same)}, {_size(sum(same))}")
    fetched = sum(one.size for one in kept if one.needs_network)
    if fetched > cache.limit:
        lines.append(f"What needs the network ({_size(fetched)}) exceeds the limit. It is kept until you remove it.")
    lines.append("Remove with `rknn-validate cache remove KIND`, or NAME, or --all.")
    return "\n".join(lines)


def _row(one: Kept) -> tuple[str, ...]:
    used = "in use" if one.in_use else _ago(time.time() - one.last_used)
    what = f"{one.what} (made by {one.maker})" if one.maker else one.what
    return one.short, one.kind, _size(one.size), used, "needed" if one.needs_network else "-", what


def _size(size: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB".replace(".0 ", " ")


def _ago(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit} ago"
    return "just now"


def _chosen(kept: Sequence[Kept], words: Iterable[str]) -> tuple[list[Kept], list[tuple[str, str]]]:
    """What the words of a command line mean, and those that mean nothing, or too much, with the reason."""
    chosen: dict[str, Kept] = {}
    unknown = []
    for word in words:
        # What has lost its downloads is as dear as they are.
        found = [one for one in kept if word == (EntryKind.DOWNLOADS if one.needs_network else one.kind)]
        if not found and word not in (*EntryKind, "logs"):
            found = [one for one in kept if one.name == word] or [one for one in kept if one.name.startswith(word)]
            if len(found) != 1:
                why = f"means {', '.join(one.name for one in found)}" if found else "no kind and no entry of that name"
                unknown.append((word, why))
        chosen |= {one.name: one for one in found}
    return list(chosen.values()), unknown


def _remove(cache: Cache, chosen: Sequence[Kept]) -> int:
    cache.remove_half_built()
    freed, status = 0, 0
    for one in chosen:
        path = cache.root / one.name
        if path.is_symlink():
            path.unlink(missing_ok=True)
        elif one.kind == "logs":
            shutil.rmtree(path, ignore_errors=True)
        elif not cache.remove(one.name):
            print(f"kept {one.short}: a run uses it")
            status = 1
            continue
        freed += one.size
        print(f"removed {one.short}: {one.what}")
    print(f"{_size(freed)} freed")
    return status
