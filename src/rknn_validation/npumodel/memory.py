"""The guest's RAM, as its devices see it: by physical address."""

from __future__ import annotations

import mmap
import os
import struct
from typing import Protocol

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
PAGE = 4096
BASE = 0x4000_0000
"""Where QEMU's `virt` machine has its RAM."""


class Memory(Protocol):
    """Guest-physical memory. Addresses outside it raise ValueError."""

    def read(self, address: int, size: int) -> Bytes:
        """A copy of `size` bytes."""

    def write(self, address: int, data: bytes) -> None:
        """Write bytes."""


class SharedMemory:
    """RAM in a file that QEMU maps, too (`memory-backend-file,share=on`)."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._bytes = np.frombuffer(mmap.mmap(descriptor, size), np.uint8)

    def read(self, address: int, size: int) -> Bytes:
        """A copy of `size` bytes."""
        start = self._offset(address, size)
        return self._bytes[start : start + size].copy()

    def write(self, address: int, data: bytes) -> None:
        """Write bytes."""
        start = self._offset(address, len(data))
        self._bytes[start : start + len(data)] = np.frombuffer(data, np.uint8)

    def _offset(self, address: int, size: int) -> int:
        return _offset(address, size, len(self._bytes))


class ProcessMemory:
    """RAM that is private to a QEMU process (a restored snapshot's, copy on write): by way of `/proc/PID/mem`."""

    def __init__(self, descriptor: int, start: int, size: int) -> None:
        """`descriptor` is of the opened file, `start` where the RAM begins in the process (see `machine.npu`)."""
        self._file = descriptor
        self._start = start
        self._size = size

    def read(self, address: int, size: int) -> Bytes:
        """A copy of `size` bytes."""
        place = self._start + _offset(address, size, self._size)
        return np.frombuffer(os.pread(self._file, size, place), np.uint8)

    def write(self, address: int, data: bytes) -> None:
        """Write bytes."""
        os.pwrite(self._file, data, self._start + _offset(address, len(data), self._size))


def _offset(address: int, size: int, whole: int) -> int:
    if not BASE <= address <= address + size <= BASE + whole:
        raise ValueError(f"{address:#x} and {size} bytes on are not in the guest's memory")
    return address - BASE


def word(memory: Memory, address: int) -> int:
    """The 32-bit little-endian value at an address."""
    return int.from_bytes(memory.read(address, 4).tobytes(), "little")


def set_word(memory: Memory, address: int, value: int) -> None:
    """Write a 32-bit little-endian value."""
    memory.write(address, struct.pack("<I", value & 0xFFFF_FFFF))
