"""What of the guest's processor the model has to know: its kernel's page tables, and its store instructions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from rknn_validation.npumodel.memory import BASE, PAGE, Memory

ADDRESS = 0xFFFF_FFFF_F000
"""The address in a table's entry (4 KiB granule, 48 bits)."""


def kernel_pages(memory: Memory, table: int, control: int, wanted: Iterable[int], size: int) -> dict[int, int]:
    """Virtual addresses under which the kernel has mapped physical pages, by physical address.

    `table` is TTBR1_EL1, `control` TCR_EL1, `size` the bytes of RAM that Linux uses. Only the upper half of the
    kernel's space is searched: device registers are mapped there, and the lower half maps all of RAM. Pages that are
    not mapped (yet) are missing from the answer.
    """
    bits = 64 - (control >> 16 & 63)
    levels = -(-(bits - 12) // 9)
    entries = 1 << (bits - 12 - 9 * (levels - 1))
    pages = np.array(sorted(wanted), np.uint64)
    found: dict[int, int] = {}

    def walk(place: int, level: int, virtual: int, count: int, first: int) -> None:
        if not BASE <= place < BASE + size:
            return
        raw = memory.read(place, count * 8).view("<u8")
        valid = (raw & np.uint64(3)) == 3
        if level == 0:
            for index in np.flatnonzero(np.isin(raw & np.uint64(ADDRESS), pages) & valid).tolist():
                found.setdefault(int(raw[index]) & ADDRESS, virtual | index * PAGE)
            return
        for index in np.flatnonzero(valid).tolist():
            if index >= first:
                walk(int(raw[index]) & ADDRESS, level - 1, virtual | index << (12 + 9 * level), 512, 0)

    top = ((1 << 64) - 1) & ~((1 << bits) - 1)
    walk(table & ADDRESS, levels - 1, top, entries, entries // 2)
    return found


@dataclass(frozen=True)
class Store:
    """A store of a 32-bit register (31 is zero) without side effect on its address register."""

    register: int


def decode_store(instruction: int) -> Store | None:
    """STR or STUR of a W register with an immediate or a register offset, STLR; None for anything else."""
    unsigned_offset = instruction >> 22 == 0b1011100100
    unscaled_offset = instruction >> 21 == 0b10111000000 and instruction >> 10 & 3 == 0
    register_offset = instruction >> 21 == 0b10111000001 and instruction >> 10 & 3 == 2
    release = instruction & 0xFFFFFC00 == 0x889FFC00
    if unsigned_offset or unscaled_offset or register_offset or release:
        return Store(instruction & 31)
    return None
