"""Big files: sparse copies, and a hash that is the same for holes and zeroes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

CHUNK = 64 * 1024
_ZEROES = bytes(CHUNK)


def chunks(descriptor: int, size: int) -> Iterator[tuple[int, bytes]]:
    """The non-zero 64 KiB chunks of an open file as (offset, bytes), skipping holes without reading them."""
    offset = 0
    while offset < size:
        try:
            offset = os.lseek(descriptor, offset, os.SEEK_DATA)
            end = os.lseek(descriptor, offset, os.SEEK_HOLE)
        except OSError:  # ENXIO: nothing but a hole up to the end
            return
        offset -= offset % CHUNK
        while offset < end:
            data = os.pread(descriptor, CHUNK, offset)
            if data != _ZEROES[: len(data)]:
                yield offset, data
            offset += CHUNK


def content_hash(path: Path) -> str:
    """SHA-256 over the size and the non-zero chunks of a file: the same for sparse and full copies."""
    size = path.stat().st_size
    digest = hashlib.sha256(size.to_bytes(8, "big"))
    with path.open("rb") as file:
        for offset, data in chunks(file.fileno(), size):
            digest.update(offset.to_bytes(8, "big"))
            digest.update(data)
    return digest.hexdigest()


def copy_sparse(source: int, size: int, target: Path) -> None:
    """Write the non-zero chunks of an open file to `target`, which becomes `size` bytes long. Raises OSError."""
    with target.open("wb") as file:
        file.truncate(size)
        for offset, data in chunks(source, size):
            os.pwrite(file.fileno(), data, offset)
        os.fsync(file.fileno())


def allocated(path: Path) -> int:
    """Bytes a file or directory takes on disk; files that disappear meanwhile take none."""
    try:
        if path.is_dir() and not path.is_symlink():
            return sum(allocated(inner) for inner in path.iterdir())
        return path.lstat().st_blocks * 512
    except FileNotFoundError:
        return 0
