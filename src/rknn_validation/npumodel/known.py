"""What the model knows of each register: a job that sets any other bit is refused, rather than computed without it.

A register's mask holds the bits that the model reads, and those that decide where a core keeps its data or how long its
bursts are, and never a result. Sources: registers that Mesa's `rocket` and the vendor's compiler write (the second are
in the shipped `golden-1.rknn`), and the fields' names in the mainline driver's `rocket_registers.h`.
"""

from __future__ import annotations

from rknn_validation.npumodel.commands import NAMES, CannotCompute, Registers
from rknn_validation.npumodel.shape import Shape

WHOLE = 0xFFFF_FFFF
UNDERSTOOD = {
    **dict.fromkeys((0x1004, 0x3004, 0x4004, 0x5004), WHOLE),  # S_POINTER: which of two register sets
    0x100C: 0x6001_F3FF,  # CNA_CONV_CON1: mode and precisions (checked), packed input
    0x1010: WHOLE,  # CNA_CONV_CON2: how many rows are fetched ahead
    0x1014: 0x3F,  # CNA_CONV_CON3: strides
    0x1020: 0x07FF_07FF,
    0x1024: 0x3FFF_FFFF,
    0x1028: 0x7FF,
    0x102C: 0x003F_FFFF,
    0x1030: WHOLE,
    0x1034: 0x0007_FFFF,
    0x1038: 0x1F1F_3FFF,
    **dict.fromkeys((0x1040, 0x1044), WHOLE),  # CNA_CBUF_CON: banks of the convolution buffer
    0x104C: 0x0FFF_FFFB,  # CNA_CVT_CON0: all but another rounding
    **dict.fromkeys((0x1050, 0x1054, 0x1058, 0x105C), WHOLE),
    0x1068: 0xFF,
    0x1070: WHOLE,
    0x1078: WHOLE,  # CNA_DMA_CON0: burst lengths
    **dict.fromkeys((0x107C, 0x1080), 0x0FFF_FFFF),
    **dict.fromkeys((0x1084, 0x1088), WHOLE),  # CNA_FC_DATA_SIZE: the size of the input once more
    0x1110: WHOLE,
    0x1180: WHOLE,  # CNA_CVT_CON5: which channels the input converter is for
    0x1184: WHOLE,
    0x3010: 0x3,  # CORE_MISC_CFG: quantised, depthwise
    0x3014: WHOLE,
    0x3018: WHOLE,  # CORE_DATAOUT_SIZE_1
    0x301C: 0x1F,
    0x400C: 0x1FE,  # DPU_FEATURE_MODE_CFG: to memory (checked), mode of the convolution, burst length
    0x4010: 0x3F0,  # DPU_DATA_FORMAT: the BS unit's shift of negative values (checked)
    **dict.fromkeys((0x4020, 0x4024, 0x4030, 0x4034), WHOLE),
    0x403C: 0x1FFF_1FFF,
    0x4040: 0x000F_01F3,
    0x4044: WHOLE,
    0x4048: 0xFFFF_3F01,
    0x404C: WHOLE,
    0x4050: 0x7FD,  # DPU_BS_OW_CFG: whose weight offset (checked), and sizes
    0x4054: 0xFFFF,
    **dict.fromkeys((0x4058, 0x405C), WHOLE),
    0x4060: 0xD3,
    **dict.fromkeys((0x4064, 0x4068), WHOLE),  # of parts of the BN unit that are bypassed (checked)
    **dict.fromkeys((0x406C, 0x4070, 0x4074), WHOLE),
    0x4078: 0x003F_FFFF,
    0x407C: WHOLE,
    0x4080: WHOLE,
    0x4084: 0xFFFF,
    0x4088: 0x3F,
    0x40C0: WHOLE,  # DPU_SURFACE_ADD
    **dict.fromkeys((0x500C, 0x5010, 0x5014, 0x5018), WHOLE),
    0x501C: 0x1F,
    **dict.fromkeys((0x5020, 0x502C, 0x5034, 0x5038, 0x5040), WHOLE),
    0x5044: 0x7F16,  # DPU_RDMA_FEATURE_MODE_CFG: modes of reading that follow from the others, burst length
    **dict.fromkeys((0x504C, 0x506C), WHOLE),
    0x5068: WHOLE,  # DPU_RDMA_WEIGHT: whose turn it is on the bus
}
"""Bits that may be set, by offset. Any other register must be 0."""


def refuse_unknown(registers: Registers) -> None:
    """Raise CannotCompute for a bit that the model does not know."""
    for offset, value in registers.values.items():
        if value & ~UNDERSTOOD.get(offset, 0):
            name = NAMES.get(offset, f"register {offset:#06x}")
            raise CannotCompute(name, value, f"bits {value & ~UNDERSTOOD.get(offset, 0):#x} are not known")


def refuse_contradictions(registers: Registers, shape: Shape) -> None:
    """Raise CannotCompute where registers that say the same thing to several units differ, or are read wrongly here."""
    taps = shape.kernel_height * shape.kernel_width
    rows_and_columns = (shape.out_height - 1) << 16 | (shape.out_width - 1)
    said = {
        0x1028: shape.out_width,
        0x102C: shape.out_width * shape.out_height,
        0x1030: taps * shape.channels * shape.kernels,
        0x1034: taps * shape.channels,
        0x3010: 3 if shape.depthwise else 1,
        0x4030: shape.out_width - 1,
        0x4034: shape.out_height - 1,
        0x405C: rows_and_columns,
        0x500C: shape.out_width - 1,
        0x5010: shape.out_height - 1,
    }
    for offset, expected in said.items():
        value = registers.values.get(offset, expected)
        if value != expected:
            what = f"{expected:#x} expected for {shape}"
            raise CannotCompute(NAMES.get(offset, f"register {offset:#06x}"), value, what)
