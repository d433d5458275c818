"""Command lists: what a driver hands to a core's command processor (PC).

A command is 64 bits: a register's offset (0-15), its value (16-47), and the unit it is for (48-63). Lists end with an
entry of 0x41 and one of 0x81, which enables the units. Sources: the mainline driver's and Mesa's `rkt_registers.h`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from rknn_validation.npumodel.memory import Bytes

NAMES = {
    0x0010: "PC_BASE_ADDRESS",
    0x0014: "PC_REGISTER_AMOUNTS",
    0x100C: "CNA_CONV_CON1",
    0x1014: "CNA_CONV_CON3",
    0x1020: "CNA_DATA_SIZE0",
    0x1024: "CNA_DATA_SIZE1",
    0x1028: "CNA_DATA_SIZE2",
    0x102C: "CNA_DATA_SIZE3",
    0x1030: "CNA_WEIGHT_SIZE0",
    0x1034: "CNA_WEIGHT_SIZE1",
    0x1038: "CNA_WEIGHT_SIZE2",
    0x104C: "CNA_CVT_CON0",
    0x1050: "CNA_CVT_CON1",
    0x1060: "CNA_FC_CON0",
    0x1068: "CNA_PAD_CON0",
    0x1070: "CNA_FEATURE_DATA_ADDR",
    0x107C: "CNA_DMA_CON1",
    0x1080: "CNA_DMA_CON2",
    0x1100: "CNA_DCOMP_CTRL",
    0x1110: "CNA_DCOMP_ADDR0",
    0x1180: "CNA_CVT_CON5",
    0x1184: "CNA_PAD_CON1",
    0x3010: "CORE_MISC_CFG",
    0x3014: "CORE_DATAOUT_SIZE_0",
    0x301C: "CORE_CLIP_TRUNCATE",
    0x400C: "DPU_FEATURE_MODE_CFG",
    0x4010: "DPU_DATA_FORMAT",
    0x4020: "DPU_DST_BASE_ADDR",
    0x4024: "DPU_DST_SURF_STRIDE",
    0x4030: "DPU_DATA_CUBE_WIDTH",
    0x4034: "DPU_DATA_CUBE_HEIGHT",
    0x403C: "DPU_DATA_CUBE_CHANNEL",
    0x4040: "DPU_BS_CFG",
    0x4044: "DPU_BS_ALU_CFG",
    0x4048: "DPU_BS_MUL_CFG",
    0x404C: "DPU_BS_RELUX_CMP_VALUE",
    0x4050: "DPU_BS_OW_CFG",
    0x4054: "DPU_BS_OW_OP",
    0x405C: "DPU_WDMA_SIZE_1",
    0x4060: "DPU_BN_CFG",
    0x4064: "DPU_BN_ALU_CFG",
    0x4068: "DPU_BN_MUL_CFG",
    0x406C: "DPU_BN_RELUX_CMP_VALUE",
    0x4070: "DPU_EW_CFG",
    0x4074: "DPU_EW_CVT_OFFSET_VALUE",
    0x4078: "DPU_EW_CVT_SCALE_VALUE",
    0x407C: "DPU_EW_RELUX_CMP_VALUE",
    0x4080: "DPU_OUT_CVT_OFFSET",
    0x4084: "DPU_OUT_CVT_SCALE",
    0x4088: "DPU_OUT_CVT_SHIFT",
    0x500C: "DPU_RDMA_DATA_CUBE_WIDTH",
    0x5010: "DPU_RDMA_DATA_CUBE_HEIGHT",
    0x5018: "DPU_RDMA_SRC_BASE_ADDR",
    0x501C: "DPU_RDMA_BRDMA_CFG",
    0x5020: "DPU_RDMA_BS_BASE_ADDR",
    0x5028: "DPU_RDMA_NRDMA_CFG",
    0x5034: "DPU_RDMA_ERDMA_CFG",
    0x5038: "DPU_RDMA_EW_BASE_ADDR",
    0x504C: "DPU_RDMA_SURF_NOTCH",
    0x506C: "DPU_RDMA_EW_SURF_NOTCH",
    0x6024: "PPU_OPERATION_MODE_CFG",
    0x6034: "PPU_POOLING_KERNEL_CFG",
}
"""Registers that decide a result, by offset."""

BY_NAME = {name: offset for offset, name in NAMES.items()}
UNITS_ENABLED, LIST_ENDS = 0x81, 0x41


class CannotCompute(Exception):
    """A job asks for something that the model does not know; `register` is where it does."""

    def __init__(self, register: str, value: int, what: str) -> None:
        super().__init__(f"the NPU model cannot compute this job: {register} = {value:#x}: {what}")
        self.register = register


class Registers:
    """The values of a task's registers, by name. What was never written is 0."""

    def __init__(self, values: Mapping[int, int]) -> None:
        self.values = dict(values)

    def __getitem__(self, name: str) -> int:
        return self.values.get(BY_NAME[name], 0)

    def field(self, name: str, low: int, width: int) -> int:
        """Bits `low` to `low + width - 1`, unsigned."""
        return self[name] >> low & (1 << width) - 1

    def signed(self, name: str, low: int, width: int) -> int:
        """The same as a two's complement number."""
        value = self.field(name, low, width)
        return value - (1 << width) if value >> (width - 1) else value

    def require(self, name: str, allowed: Iterable[int], what: str, *, mask: int = 0xFFFF_FFFF) -> None:
        """Raise CannotCompute unless the masked value is one that the model knows."""
        if self[name] & mask not in allowed:
            raise CannotCompute(name, self[name], what)


def written(commands: Bytes) -> Iterator[tuple[int, int]]:
    """Register offsets and values of a command list, in order, without its end marks."""
    for command in np.ascontiguousarray(commands).view("<u8").tolist():
        unit = command >> 48
        if command and unit not in (UNITS_ENABLED, LIST_ENDS):
            yield command & 0xFFFF, command >> 16 & 0xFFFF_FFFF
