"""A file tree as data: what is laid over an emulated board's root file system before it boots.

Everything is owned by root and carries one fixed time, so that the same tree is the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rknn_validation.common.errors import HarnessError

TIME = 1
"""Modification time of every entry, in seconds since the epoch (as in the Nix store)."""


@dataclass(frozen=True)
class File:
    """A regular file."""

    data: bytes
    mode: int = 0o644


@dataclass(frozen=True)
class Link:
    """A symbolic link; `target` is kept as it is, absolute or relative."""

    target: str


@dataclass(frozen=True)
class Directory:
    """A directory with a mode of its own (parents of other entries need none: they are made or kept as they are)."""

    mode: int = 0o755


Entry = File | Link | Directory
Tree = Mapping[str, Entry]
"""Entries by absolute guest path."""


def ordered(tree: Tree) -> Iterator[tuple[str, Entry]]:
    """The entries by path, parents first. Raises HarnessError for a path no file system could hold."""
    # Text and no PurePath: a system has a thousand of them.
    for path in sorted(tree, key=lambda path: path.split("/")):
        if not path.startswith("/") or {"", ".", ".."} & set(path[1:].split("/")):
            raise HarnessError(
                f"{path!r} cannot be laid out", expected="an absolute path without '.', '..' or doubled slashes"
            )
        for parent in _parents(path):
            if isinstance(tree.get(parent), File | Link):
                raise HarnessError(f"{path} cannot be laid out", expected=f"a directory at {parent}", seen="a file")
        yield path, tree[path]


def _parents(path: str) -> Iterator[str]:
    """The directories a path lies in, the nearest first, without the root."""
    end = path.rfind("/")
    while end > 0:
        yield path[:end]
        end = path.rfind("/", 0, end)


def tar(tree: Tree) -> bytes:
    """The tree as an uncompressed tar archive (GNU format, paths relative to the root)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, entry in ordered(tree):
            member = tarfile.TarInfo(path.lstrip("/"))
            member.mtime = TIME
            member.uname = member.gname = "root"
            match entry:
                case File(data, mode):
                    member.mode, member.size = mode, len(data)
                    archive.addfile(member, io.BytesIO(data))
                case Link(target):
                    member.mode, member.type, member.linkname = 0o777, tarfile.SYMTYPE, target
                    archive.addfile(member)
                case Directory(mode):
                    member.mode, member.type = mode, tarfile.DIRTYPE
                    archive.addfile(member)
    return buffer.getvalue()


def cpio(tree: Tree) -> bytes:
    """The tree as a cpio archive of the "newc" kind, which a Linux kernel unpacks as (part of) an initramfs.

    Missing parent directories are added, for the kernel makes none itself.
    """
    whole: dict[str, Entry] = {parent: Directory() for path in tree for parent in _parents(path)}
    whole.update(tree)
    archive = bytearray()
    for inode, (path, entry) in enumerate(ordered(whole), start=1):
        match entry:
            case File(data, mode):
                archive += _record(inode, path.lstrip("/"), 0o100000 | mode, data)
            case Link(target):
                archive += _record(inode, path.lstrip("/"), 0o120777, target.encode())
            case Directory(mode):
                archive += _record(inode, path.lstrip("/"), 0o040000 | mode, b"")
    return bytes(archive + _record(0, "TRAILER!!!", 0, b""))


def _record(inode: int, name: str, mode: int, data: bytes) -> bytes:
    encoded = name.encode() + b"\0"
    fields = (inode, mode, 0, 0, 1, TIME, len(data), 0, 0, 0, 0, len(encoded), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _padded(header + encoded) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def digest(tree: Tree) -> str:
    """A hash of everything in the tree (hexadecimal SHA-256)."""
    return hashlib.sha256(tar(tree)).hexdigest()
