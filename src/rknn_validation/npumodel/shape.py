"""The geometry of a task: the sizes of its input, kernel and output."""

from __future__ import annotations

from dataclasses import dataclass

from rknn_validation.npumodel.commands import Registers

DEPTHWISE = 3
"""The mode of a convolution whose kernels have one channel each."""


@dataclass(frozen=True)
class Shape:
    """The geometry of a task: input, kernel and output, in elements."""

    height: int
    width: int
    channels: int
    real_channels: int
    kernel_height: int
    kernel_width: int
    kernels: int
    stride_y: int
    stride_x: int
    out_height: int
    out_width: int
    out_channels: int
    depthwise: bool

    @classmethod
    def of(cls, registers: Registers) -> Shape:
        """From a task's registers."""
        field = registers.field
        return cls(
            height=field("CNA_DATA_SIZE0", 0, 11),
            width=field("CNA_DATA_SIZE0", 16, 11),
            channels=field("CNA_DATA_SIZE1", 0, 16),
            real_channels=field("CNA_DATA_SIZE1", 16, 14) + 1,
            kernel_height=field("CNA_WEIGHT_SIZE2", 16, 5),
            kernel_width=field("CNA_WEIGHT_SIZE2", 24, 5),
            kernels=field("CNA_WEIGHT_SIZE2", 0, 14),
            stride_y=max(1, field("CNA_CONV_CON3", 3, 3)),
            stride_x=max(1, field("CNA_CONV_CON3", 0, 3)),
            out_height=field("CORE_DATAOUT_SIZE_0", 16, 16) + 1,
            out_width=field("CORE_DATAOUT_SIZE_0", 0, 16) + 1,
            out_channels=field("DPU_DATA_CUBE_CHANNEL", 16, 13) + 1,
            depthwise=field("CNA_CONV_CON1", 0, 4) == DEPTHWISE,
        )

    def __str__(self) -> str:
        kind = "depthwise" if self.depthwise else "convolution"
        size = f"{self.height}x{self.width}x{self.real_channels}"
        kernel = f"kernel {self.kernel_height}x{self.kernel_width} stride {self.stride_y}x{self.stride_x}"
        return f"{kind} {size} {kernel} -> {self.out_height}x{self.out_width}x{self.out_channels}"
