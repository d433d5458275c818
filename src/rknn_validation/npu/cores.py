"""Where the NPU's three cores are: their registers, MMUs and interrupts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CoreAddresses:
    """Where a core is: its registers, those of its MMU's banks, and its interrupt (an SPI)."""

    registers: int
    mmu: tuple[int, ...]
    interrupt: int


CORES = (
    CoreAddresses(0xFDAB0000, (0xFDAB9000, 0xFDABA000), 110),
    CoreAddresses(0xFDAC0000, (0xFDACA000,), 111),
    CoreAddresses(0xFDAD0000, (0xFDADA000,), 112),
)
"""Source: rk3588-base.dtsi of Linux 6.18."""
