"""The three cores: their registers in guest memory, the jobs they are given, and the faults that can be put in.

A job starts with a write to OPERATION_ENABLE. Mesa and the mainline driver give one task at a time; the vendor's
driver gives a chain, each task's list ending with the address and size of the next (BASE_ADDRESS, REGISTER_AMOUNTS),
whose registers keep the values of the tasks before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rknn_validation.npu.cores import CORES, CoreAddresses
from rknn_validation.npumodel import commands, layers
from rknn_validation.npumodel.commands import CannotCompute, Registers
from rknn_validation.npumodel.iommu import Iommu, PageFault
from rknn_validation.npumodel.memory import Bytes, Memory, set_word, word

VERSION, OPERATION_ENABLE, LIST, AMOUNTS = 0x00, 0x08, 0x10, 0x14
MASK, CLEAR, STATUS, RAW, TASKS = 0x20, 0x24, 0x28, 0x2C, 0x30
WINDOW = 0x8000
"""Bytes of a core's registers below its MMU's."""
IS_RK3588 = 0x46495245
"""What VERSION reads on RK3588."""
DPU_DONE = 0x300
"""Both halves of the DPU have finished."""
PPU_DONE = 0xC00

Report = Callable[[Mapping[str, Any]], None]


@dataclass
class Faults:
    """What is wrong with the NPU, to see what a stack makes of it."""

    silent: set[int] = field(default_factory=set)
    """Cores that never answer."""
    flip: int = 0
    """A bit pattern that every output byte is XORed with."""
    unmapped: bool = False
    """Every job's first access is a page fault."""


class Core:
    """One core. Its registers are in guest memory; only what a store sets off is done here."""

    def __init__(self, memory: Memory, addresses: CoreAddresses, number: int, faults: Faults, report: Report) -> None:
        self.number = number
        self.addresses = addresses
        self.iommu = Iommu(memory, addresses.mmu)
        self._memory = memory
        self._faults = faults
        self._report = report

    def reset(self) -> None:
        """The registers as after power-on."""
        self._memory.write(self.addresses.registers, bytes(WINDOW))
        self._set(VERSION, IS_RK3588)
        for bank in self.iommu.banks:
            self.iommu.reset(bank)

    def store(self, offset: int, value: int) -> None:
        """What a store of `value` to one of this core's registers does, beyond being remembered."""
        self._set(offset, value)
        if offset == OPERATION_ENABLE and value & 1:
            self._start()
        elif offset == CLEAR:
            self._set(RAW, self._get(RAW) & ~value)

    def line(self) -> bool:
        """The level of the core's interrupt, which it shares with its MMU."""
        pending = self._get(RAW) & self._get(MASK)
        self._set(STATUS, pending)
        return bool(pending) or self.iommu.pending()

    def _start(self) -> None:
        if self.number in self._faults.silent:
            self._report({"event": "silent", "core": self.number})
            return
        bus: layers.Bus = _Flipped(self.iommu, self._faults.flip) if self._faults.flip else self.iommu
        try:
            if self._faults.unmapped:
                raise PageFault(self._get(LIST), write=False)
            done = self._chain(bus)
        except PageFault as fault:
            self._report({"event": "fault", "core": self.number, "address": fault.address, "text": str(fault)})
            self.iommu.fault(fault)
        except (CannotCompute, ValueError) as problem:
            self._report({"event": "cannot", "core": self.number, "text": str(problem)})
        else:
            self._set(RAW, self._get(RAW) | done)

    def _chain(self, bus: layers.Bus) -> int:
        """Run the tasks of a job; the interrupt bits it ends with."""
        count = max(1, self._get(TASKS) & 0xFFF)
        address, amounts = self._get(LIST), self._get(AMOUNTS)
        values: dict[int, int] = {}
        done = 0
        for number in range(count):
            own = dict(commands.written(bus.read(address, ((amounts & 0xFFFF) + 1) * 2 * 8)))
            address, amounts = own.pop(LIST, 0), own.pop(AMOUNTS, 0)
            values.update(own)
            done = self._task(bus, Registers(values), own)
            if number + 1 < count and not address:
                raise CannotCompute("PC_BASE_ADDRESS", 0, f"a chain of {count} tasks that ends after {number + 1}")
        return done

    def _task(self, bus: layers.Bus, registers: Registers, own: Mapping[int, int]) -> int:
        if not any(offset in own for offset in _STARTS_DPU):
            registers.require("PPU_POOLING_KERNEL_CFG", (0,), "pooling of more than one element", mask=0xFF0F0F)
            raise CannotCompute(
                "PPU_OPERATION_MODE_CFG", registers["PPU_OPERATION_MODE_CFG"], "a task of pooling alone"
            )
        shape = layers.compute(bus, registers)
        self._report({"event": "layer", "core": self.number, "layer": str(shape)})
        return DPU_DONE

    def _get(self, offset: int) -> int:
        return word(self._memory, self.addresses.registers + offset)

    def _set(self, offset: int, value: int) -> None:
        set_word(self._memory, self.addresses.registers + offset, value)


_STARTS_DPU = (commands.BY_NAME["DPU_DST_BASE_ADDR"], commands.BY_NAME["CNA_FEATURE_DATA_ADDR"])


@dataclass(frozen=True)
class _Flipped:
    """A bus whose writes come out wrong."""

    bus: layers.Bus
    pattern: int

    def read(self, address: int, size: int) -> Bytes:
        return self.bus.read(address, size)

    def write(self, address: int, data: bytes) -> None:
        self.bus.write(address, bytes(byte ^ self.pattern for byte in data))


def cores(memory: Memory, faults: Faults, report: Report) -> Sequence[Core]:
    """The NPU's three cores."""
    return [Core(memory, addresses, number, faults, report) for number, addresses in enumerate(CORES)]
