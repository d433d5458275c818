"""What the model knows of the machine: page tables, stores, the IOMMU, a core's registers, and the faults put in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from encoder import INPUT, OUTPUT, Convolution, Quantised, Ram, encode, result

from rknn_validation.npu.cores import CORES
from rknn_validation.npumodel import cores, iommu
from rknn_validation.npumodel.arm64 import Store, decode_store, kernel_pages
from rknn_validation.npumodel.cores import Core, Faults
from rknn_validation.npumodel.iommu import Iommu, PageFault
from rknn_validation.npumodel.layers import compute
from rknn_validation.npumodel.memory import BASE, PAGE, SharedMemory, set_word, word

pytestmark = pytest.mark.unit

SIZE = 3 * 1024**3


@pytest.fixture
def memory() -> SharedMemory:
    """Three gigabytes of which little is touched."""
    descriptor = os.memfd_create("ram")
    os.truncate(descriptor, SIZE)
    try:
        return SharedMemory(descriptor, SIZE)
    finally:
        os.close(descriptor)


def put64(memory: SharedMemory, address: int, value: int) -> None:
    memory.write(address, value.to_bytes(8, "little"))


@pytest.mark.parametrize(("bits", "levels"), [(39, 3), (48, 4)])
def test_the_kernels_address_of_a_register_page_is_found(memory: SharedMemory, bits: int, levels: int) -> None:
    """4 KiB granule; the upper half of the space alone counts: the lower half maps all of RAM, registers included."""
    tables = [BASE + 0x1000 * (number + 1) for number in range(levels)]
    indices = [1 << (bits - 13 - 9 * (levels - 1)), *(7 + level for level in range(levels - 1))]
    for level in range(levels - 1):
        put64(memory, tables[level] + indices[level] * 8, tables[level + 1] | 3)
        put64(memory, tables[level], (BASE + 0x100000) | 1)  # the linear map: a block
    put64(memory, tables[-1] + indices[-1] * 8, 0xFDAB0000 | 0x0068_0000_0000_0703)
    expected = (1 << 64) - (1 << bits)
    for level, index in enumerate(indices):
        expected |= index << (12 + 9 * (levels - 1 - level))
    found = kernel_pages(memory, tables[0] | 1, (64 - bits) << 16, [0xFDAB0000, 0xFDAC0000], 64 * 1024**2)
    assert found == {0xFDAB0000: expected}


@pytest.mark.parametrize(
    ("instruction", "register"),
    [
        (0xB9000841, 1),  # str w1, [x2, #8]
        (0xB900001F, 31),  # str wzr, [x0]
        (0xB80FF041, 1),  # stur w1, [x2, #255]
        (0xB8236841, 1),  # str w1, [x2, x3]
        (0x889FFC41, 1),  # stlr w1, [x2]
    ],
)
def test_stores_of_a_word_are_decoded(instruction: int, register: int) -> None:
    assert decode_store(instruction) == Store(register)


@pytest.mark.parametrize(
    "instruction",
    [
        0xB8004C41,  # str w1, [x2, #4]!
        0xB8004441,  # str w1, [x2], #4
        0xF9000841,  # str x1, [x2, #16]
        0x29000841,  # stp w1, w2, [x2]
        0xB9400841,  # ldr w1, [x2, #8]
        0x39000841,  # strb w1, [x2, #2]
        0x88037C41,  # stxr w3, w1, [x2]
    ],
)
def test_other_instructions_are_left_to_a_single_step(instruction: int) -> None:
    assert decode_store(instruction) is None


def mapped(memory: SharedMemory, pages: Mapping[int, int]) -> Iommu:
    """An IOMMU that pages, with these pages (device address to physical address)."""
    bank, directory, table = CORES[1].mmu[0], BASE + 0x10000, BASE + 0x20000
    mmu = Iommu(memory, (bank,))
    mmu.reset(bank)
    set_word(memory, bank + iommu.DTE_ADDR, directory)
    mmu.command(bank, iommu.ENABLE_PAGING)
    for device, physical in pages.items():
        assert device >> 22 == 0
        set_word(memory, directory, table | 1)
        high = (physical >> 32 & 0xF) << 8 | (physical >> 36 & 0xF) << 4
        set_word(memory, table + (device >> 12) * 4, (physical & 0xFFFFF000) | high | 1)
    return mmu


def test_addresses_are_translated_page_by_page(memory: SharedMemory) -> None:
    mmu = mapped(memory, {0x1000: BASE + 0x900000, 0x2000: BASE + 0x300000, 0x3000: BASE + 0x301000})
    data = bytes(range(256)) * 40
    mmu.write(0x1800, data[: 0x2800 - 8])
    assert mmu.read(0x1800, 0x27F8).tobytes() == data[:0x27F8]
    assert memory.read(BASE + 0x900800, 0x800).tobytes() == data[:0x800]
    assert memory.read(BASE + 0x300000, 0x1FF8).tobytes() == data[0x800:0x27F8]


def test_without_paging_addresses_are_physical(memory: SharedMemory) -> None:
    mmu = Iommu(memory, CORES[0].mmu)
    mmu.write(BASE + 5, b"abc")
    assert memory.read(BASE + 5, 3).tobytes() == b"abc"


def test_a_page_fault_raises_the_mmus_own_interrupt_until_it_is_cleared(memory: SharedMemory) -> None:
    mmu = mapped(memory, {0x1000: BASE + 0x900000})
    bank = mmu.banks[0]
    set_word(memory, bank + iommu.MASK, 3)
    with pytest.raises(PageFault) as fault:
        mmu.write(0x1F00, bytes(0x200))
    assert not memory.read(BASE + 0x900F00, 0x100).any(), "nothing is written when a page is missing"
    assert (fault.value.address, fault.value.write) == (0x2000, True)
    assert mmu.fault(fault.value)
    assert word(memory, bank + iommu.FAULT_ADDR) == 0x2000
    assert word(memory, bank + iommu.STATUS) & (iommu.FAULTED | iommu.WRITE_FAULT) == iommu.FAULTED | iommu.WRITE_FAULT
    mmu.command(bank, iommu.FAULT_DONE)
    assert not word(memory, bank + iommu.STATUS) & iommu.FAULTED
    assert mmu.pending()
    mmu.clear(bank, 1)
    assert not mmu.pending()


def test_the_driver_sees_its_commands_in_the_status(memory: SharedMemory) -> None:
    """What rockchip-iommu waits for after each: paging, stall, and the state after a reset."""
    mmu, bank = Iommu(memory, CORES[0].mmu), CORES[0].mmu[0]
    mmu.command(bank, iommu.FORCE_RESET)
    seen = [word(memory, bank + iommu.STATUS)]
    for command in (iommu.ENABLE_PAGING, iommu.ENABLE_STALL, iommu.DISABLE_STALL, iommu.DISABLE_PAGING):
        mmu.command(bank, command)
        seen.append(word(memory, bank + iommu.STATUS) & 5)
    assert seen == [0x18, 1, 5, 1, 0]


class Bench:
    """A core with one job laid out in physical memory."""

    def __init__(self, memory: SharedMemory, faults: Faults) -> None:
        random = np.random.default_rng(1)
        self.layer = Convolution(
            Quantised(random.integers(0, 256, (6, 7, 16), np.uint8), 1 / 128, 128),
            Quantised(random.integers(0, 256, (8, 3, 3, 16), np.uint8), 0.01, 128),
            random.integers(-2000, 2000, 8, np.int32),
            *(1, True, 0.05, 128),
        )
        self.memory = memory
        self.events: list[Mapping[str, Any]] = []
        self.core = Core(memory, CORES[2], 2, faults, self.events.append)
        self.core.reset()
        ram = Ram()
        self.registers = encode(self.layer, ram)
        for name in ("CNA_FEATURE_DATA_ADDR", "CNA_DCOMP_ADDR0", "DPU_DST_BASE_ADDR", "DPU_RDMA_BS_BASE_ADDR"):
            self.set(name, self.registers[name] + BASE)
        memory.write(BASE + INPUT, bytes(ram.content[INPUT:OUTPUT]))

    def set(self, name: str, value: int) -> None:
        self.registers.values[cores.commands.BY_NAME[name]] = value

    def submit(self) -> int:
        """As the mainline driver does; RAW_STATUS after it."""
        entries = [(1 << 48) | value << 16 | offset for offset, value in self.registers.values.items()]
        entries += [0x41 << 48, 0x81 << 48 | 0x1D << 16 | 8]
        entries += [0] * (len(entries) % 2)
        self.memory.write(BASE, b"".join(entry.to_bytes(8, "little") for entry in entries))
        base = self.core.addresses.registers
        for offset, value in ((0x10, BASE), (0x14, len(entries) // 2 - 1), (0x30, 0x7001)):
            set_word(self.memory, base + offset, value)
        for offset, value in ((cores.MASK, 0x300), (cores.CLEAR, 0x300), (cores.OPERATION_ENABLE, 1)):
            self.core.store(offset, value)
        return word(self.memory, base + cores.RAW)

    def output(self) -> bytes:
        ram = Ram()
        ram.write(OUTPUT, self.memory.read(BASE + OUTPUT, 6 * 7 * 16).tobytes())
        return result(self.layer, ram).tobytes()


def wanted(bench: Bench) -> bytes:
    ram = Ram()
    compute(ram, encode(bench.layer, ram))
    return result(bench.layer, ram).tobytes()


def test_a_job_is_computed_and_the_interrupt_stays_up_until_it_is_cleared(memory: SharedMemory) -> None:
    bench = Bench(memory, Faults())
    assert word(memory, bench.core.addresses.registers) == cores.IS_RK3588
    assert bench.submit() == cores.DPU_DONE
    assert bench.output() == wanted(bench)
    assert bench.core.line()
    bench.core.store(cores.MASK, 0)
    assert not bench.core.line()
    bench.core.store(cores.MASK, 0x300)
    assert bench.core.line()
    bench.core.store(cores.CLEAR, 0x300)
    assert not bench.core.line()
    assert [event["event"] for event in bench.events] == ["layer"]


def test_a_silent_core_never_answers(memory: SharedMemory) -> None:
    bench = Bench(memory, Faults(silent={2}))
    assert bench.submit() == 0
    assert not bench.core.line()
    assert [event["event"] for event in bench.events] == ["silent"]


def test_flipped_bits_come_out_wrong(memory: SharedMemory) -> None:
    bench = Bench(memory, Faults(flip=0x40))
    assert bench.submit() == cores.DPU_DONE
    assert bench.output() == bytes(byte ^ 0x40 for byte in wanted(bench))


def test_an_unmapped_job_is_a_fault_and_never_done(memory: SharedMemory) -> None:
    bench = Bench(memory, Faults(unmapped=True))
    set_word(memory, CORES[2].mmu[0] + iommu.MASK, 3)
    assert bench.submit() == 0
    assert bench.core.line()
    assert bench.events[0]["event"] == "fault"


def test_what_cannot_be_computed_is_said_and_never_done(memory: SharedMemory) -> None:
    bench = Bench(memory, Faults())
    bench.set("DPU_DATA_FORMAT", 2)
    assert bench.submit() == 0
    assert not bench.core.line()
    assert bench.events[0]["event"] == "cannot"
    assert "DPU_DATA_FORMAT = 0x2" in bench.events[0]["text"]


def test_a_chain_of_tasks_inherits_registers(memory: SharedMemory) -> None:
    """As the vendor's driver submits: the second list changes the output's address, and nothing else."""
    bench = Bench(memory, Faults())
    second = BASE + PAGE
    other = OUTPUT + 0x10000
    target = cores.commands.BY_NAME["DPU_DST_BASE_ADDR"]
    short = [(1 << 48) | (BASE + other) << 16 | target, 0x41 << 48, 0x81 << 48 | 0x1D << 16 | 8, 0]
    memory.write(second, b"".join(entry.to_bytes(8, "little") for entry in short))
    bench.registers.values |= {0x10: second, 0x14: 1}
    bench.submit()
    base = bench.core.addresses.registers
    set_word(memory, base + cores.TASKS, 0x7002)
    bench.core.store(cores.OPERATION_ENABLE, 1)
    first, again = (memory.read(BASE + place, 6 * 7 * 16).tobytes() for place in (OUTPUT, other))
    assert first == again
    assert any(again)
