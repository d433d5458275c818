"""Rockchip's IOMMU, version 2, as its Linux driver programs it (drivers/iommu/rockchip-iommu.c).

Two levels of 1,024 entries, 4 KiB pages. An entry holds bits 12-31 of an address in place, bits 32-35 in bits 8-11
and bits 36-39 in bits 4-7; bit 0 says that it is valid.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rknn_validation.npumodel.memory import PAGE, Bytes, Memory, set_word, word

DTE_ADDR, STATUS, COMMAND, FAULT_ADDR, RAW, CLEAR, MASK, INTERRUPT = 0x00, 0x04, 0x08, 0x0C, 0x14, 0x18, 0x1C, 0x20
SIZE = 0x28
"""Bytes of one bank's registers."""
RESET_STATUS = 0x18
"""Idle, with an empty replay buffer."""
PAGING, FAULTED, STALLED, WRITE_FAULT = 1 << 0, 1 << 1, 1 << 2, 1 << 5
ENABLE_PAGING, DISABLE_PAGING, ENABLE_STALL, DISABLE_STALL, FAULT_DONE, FORCE_RESET = 0, 1, 2, 3, 5, 6
PAGE_FAULT = 1
"""The bit of the interrupt registers."""


class PageFault(Exception):
    """The NPU used an address that is not mapped."""

    def __init__(self, address: int, *, write: bool) -> None:
        super().__init__(f"IOMMU page fault: {'write to' if write else 'read of'} {address:#x}")
        self.address = address
        self.write = write


class Iommu:
    """The MMU of one core. It may have several banks of registers, which the driver always programs alike."""

    def __init__(self, memory: Memory, banks: Sequence[int]) -> None:
        self._memory = memory
        self.banks = tuple(banks)

    def reset(self, bank: int) -> None:
        """The registers as after power-on."""
        self._memory.write(bank, bytes(SIZE))
        set_word(self._memory, bank + STATUS, RESET_STATUS)

    def command(self, bank: int, value: int) -> None:
        """What a write to a bank's COMMAND register does."""
        if value == FORCE_RESET:
            self.reset(bank)
            return
        on = {ENABLE_PAGING: PAGING, ENABLE_STALL: STALLED}.get(value, 0)
        off = {DISABLE_PAGING: PAGING, DISABLE_STALL: STALLED, FAULT_DONE: FAULTED | WRITE_FAULT}.get(value, 0)
        set_word(self._memory, bank + STATUS, (word(self._memory, bank + STATUS) | on) & ~off)

    def fault(self, fault: PageFault) -> bool:
        """Set the fault registers; whether the interrupt is raised."""
        bank = self.banks[0]
        kind = FAULTED | (WRITE_FAULT if fault.write else 0)
        set_word(self._memory, bank + STATUS, word(self._memory, bank + STATUS) | kind)
        set_word(self._memory, bank + FAULT_ADDR, fault.address)
        set_word(self._memory, bank + RAW, word(self._memory, bank + RAW) | PAGE_FAULT)
        return self._update(bank)

    def clear(self, bank: int, value: int) -> None:
        """What a write to INT_CLEAR does."""
        set_word(self._memory, bank + RAW, word(self._memory, bank + RAW) & ~value)
        self._update(bank)

    def pending(self) -> bool:
        """Whether any bank holds the interrupt line up."""
        return any(self._update(bank) for bank in self.banks)

    def _update(self, bank: int) -> bool:
        pending = word(self._memory, bank + RAW) & word(self._memory, bank + MASK)
        set_word(self._memory, bank + INTERRUPT, pending)
        return bool(pending)

    def read(self, address: int, size: int) -> Bytes:
        """What the NPU reads at a device address. Raises PageFault."""
        return np.concatenate([self._memory.read(*run) for run in self._runs(address, size, write=False)])

    def write(self, address: int, data: bytes) -> None:
        """Write as the NPU does. Nothing is written when any page faults (PageFault)."""
        done = 0
        for place, size in list(self._runs(address, len(data), write=True)):
            self._memory.write(place, data[done : done + size])
            done += size

    def _runs(self, address: int, size: int, *, write: bool) -> list[tuple[int, int]]:
        """Physically contiguous pieces (address, bytes) of a range."""
        if not self.banks or not word(self._memory, self.banks[0] + STATUS) & PAGING:
            return [(address, size)]
        pages = self._pages(address >> 12, (address + size - 1) >> 12, write=write)
        runs: list[tuple[int, int]] = []
        for piece in np.split(pages, np.flatnonzero(np.diff(pages) != PAGE) + 1):
            skip = (address & (PAGE - 1)) if not runs else 0
            length = min(len(piece) * PAGE - skip, size)
            runs.append((int(piece[0]) + skip, length))
            size -= length
        return runs

    def _pages(self, first: int, last: int, *, write: bool) -> npt.NDArray[np.int64]:
        """Physical addresses of the pages of a range of page numbers."""
        directory = _address(word(self._memory, self.banks[0] + DTE_ADDR) & ~1)
        found = []
        while first <= last:
            entry = word(self._memory, directory + (first >> 10) * 4)
            count = min(last, first | 1023) - first + 1
            if not entry & 1:
                raise PageFault(first << 12, write=write)
            table = self._memory.read(_address(entry & ~1) + (first & 1023) * 4, count * 4).view("<u4")
            if not (table & 1).all():
                raise PageFault((first + int(np.argmin(table & 1))) << 12, write=write)
            entries = table.astype(np.int64)
            found.append((entries & 0xFFFF_F000) | (entries & 0xF00) << 24 | (entries & 0xF0) << 32)
            first += count
        return np.concatenate(found)


def _address(entry: int) -> int:
    return (entry & 0xFFFF_F000) | (entry & 0xF00) << 24 | (entry & 0xF0) << 32
