"""What one task makes a core compute: INT8 convolution, and what follows it on the way to memory.

The units are those of NVDLA, which the NPU descends from: CNA fetches and convolves, CORE accumulates, DPU adds a
bias (BS), scales and clamps (BN), combines with a second tensor (EW) and converts to INT8 (OUT_CVT). Feature data is
kept as [group of 16 channels][row][column][16 channels]. Register fields: the mainline driver's rocket_registers.h.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rknn_validation.npumodel.commands import CannotCompute, Registers
from rknn_validation.npumodel.known import refuse_contradictions, refuse_unknown
from rknn_validation.npumodel.memory import Bytes
from rknn_validation.npumodel.shape import DEPTHWISE, Shape

Ints = npt.NDArray[np.int64]
ATOM = 16
"""Channels of a group of feature data."""
ADD = 2
"""The algorithm of an ALU that adds."""
PER_CHANNEL = 7
"""BRDMA_DATA_USE: bias, weight offset and multiplier for each channel, in blocks of 64 bytes for eight channels."""


class Bus(Protocol):
    """Memory by device address; raises iommu.PageFault."""

    def read(self, address: int, size: int) -> Bytes:
        """A copy of `size` bytes."""

    def write(self, address: int, data: bytes) -> None:
        """Write bytes."""


def shift_right(values: Ints, bits: int) -> Ints:
    """Divide by 2**bits and round half away from zero, as NVDLA's converters do."""
    if bits == 0:
        return values
    half = 1 << (bits - 1)
    return np.where(values >= 0, (values + half) >> bits, -((half - values) >> bits))


@dataclass(frozen=True)
class Channels:
    """What the DPU reads for each output channel; each of shape [channels]."""

    bias: Ints
    weight_offset: Ints
    multiplier: Ints


def compute(bus: Bus, registers: Registers) -> Shape:
    """Run one task: read, compute, write. Raises CannotCompute before anything is written, or PageFault."""
    refuse_unknown(registers)
    _refuse(registers)
    shape = Shape.of(registers)
    refuse_contradictions(registers, shape)
    channels = _per_channel(bus, registers, shape)
    data = _padded(_input(bus, registers, shape), registers, shape)
    accumulated = _convolve(bus, registers, shape, data, channels.weight_offset)
    values = shift_right(accumulated, registers.field("CORE_CLIP_TRUNCATE", 0, 5))
    values = _bias_unit(values, registers, channels)
    values = _batch_norm_unit(values, registers)
    values = _element_wise_unit(values, bus, registers, shape)
    offset = registers.signed("DPU_OUT_CVT_OFFSET", 0, 32)
    scale = registers.field("DPU_OUT_CVT_SCALE", 0, 16)
    scaled = shift_right(values * scale, registers.field("DPU_OUT_CVT_SHIFT", 0, 12)) + offset
    _store(bus, registers, np.clip(scaled, -128, 127).astype(np.int8))
    return shape


def _refuse(registers: Registers) -> None:
    """Raise CannotCompute for values of known fields that mean something else than the model computes."""
    registers.require("CNA_CONV_CON1", (0, DEPTHWISE), "another mode or precision than INT8 convolution", mask=0x103FF)
    registers.require("DPU_FEATURE_MODE_CFG", (4,), "output to another place than memory", mask=6)


def _per_channel(bus: Bus, registers: Registers, shape: Shape) -> Channels:
    count = shape.out_channels
    source = registers["DPU_RDMA_BS_BASE_ADDR"]
    use = registers.field("DPU_RDMA_BRDMA_CFG", 1, 4)
    none = np.zeros(count, np.int64)
    registers.require("DPU_BS_OW_CFG", (int(use == PER_CHANNEL),), "a weight offset from elsewhere", mask=1)
    if use == PER_CHANNEL:
        blocks = bus.read(source, -(-count // 8) * 64).reshape(-1, 64)
        bias = np.ascontiguousarray(blocks[:, :32]).view("<i4")
        offset = np.ascontiguousarray(blocks[:, 32:48]).view("<i2")
        multiplier = np.ascontiguousarray(blocks[:, 48:]).view("<i2")
        return Channels(*(part.reshape(-1)[:count].astype(np.int64) for part in (bias, offset, multiplier)))
    offset_of_all = none + registers.signed("DPU_BS_OW_OP", 0, 16)
    if use == 0:
        return Channels(none, offset_of_all, none)
    registers.require("DPU_RDMA_BRDMA_CFG", (1 << 1,), "parameters for each channel in an unknown layout", mask=0x1E)
    bias = bus.read(source, count * 4).view("<i4")
    return Channels(bias.astype(np.int64), offset_of_all, none)


def _input(bus: Bus, registers: Registers, shape: Shape) -> Ints:
    """Input of shape [rows, columns, channels], converted to INT8 values."""
    address, line = registers["CNA_FEATURE_DATA_ADDR"], registers.field("CNA_DMA_CON1", 0, 28)
    if registers.field("CNA_CONV_CON1", 29, 2):
        return _pixels(bus, registers, shape, address, line * shape.real_channels)
    registers.require("CNA_CVT_CON0", (1,), "input conversion of grouped data", mask=1)
    if shape.channels % ATOM:
        raise CannotCompute("CNA_DATA_SIZE1", registers["CNA_DATA_SIZE1"], "channels that are no whole groups of 16")
    surface = (registers.signed("CNA_DMA_CON2", 0, 28) + line) * ATOM
    groups, line = shape.channels // ATOM, line * 4
    if groups > 1 and surface < line * (shape.height - 1) + shape.width * ATOM:
        raise CannotCompute("CNA_DMA_CON2", registers["CNA_DMA_CON2"], "groups of the input that overlap")
    size = (groups - 1) * surface + (shape.height - 1) * line + shape.width * ATOM
    raw = bus.read(address, size).view(np.int8)
    view = np.lib.stride_tricks.as_strided(
        raw, (groups, shape.height, shape.width, ATOM), (surface, line, ATOM, 1), writeable=False
    )
    return view.transpose(1, 2, 0, 3).reshape(shape.height, shape.width, shape.channels).astype(np.int64)


def _pixels(bus: Bus, registers: Registers, shape: Shape, address: int, line: int) -> Ints:
    """Input with one byte a channel side by side, through the input converter: (value + offset) * scale >> shift."""
    real = shape.real_channels
    registers.require("CNA_CONV_CON1", (0x60000000 | (7 + real) << 12,), "another packing of pixels", mask=0x6000F000)
    registers.require("CNA_CVT_CON0", (0,), "packed input without conversion", mask=1)
    if real > 4:
        raise CannotCompute("CNA_DATA_SIZE1", registers["CNA_DATA_SIZE1"], "packed input of more than four channels")
    size = (shape.height - 1) * line + shape.width * real
    whole = np.zeros(shape.height * line, np.uint8)
    whole[:size] = bus.read(address, size)[: len(whole)]
    raw = whole.reshape(shape.height, line)[:, : shape.width * real].reshape(shape.height, shape.width, real)
    signed = registers.field("CNA_CVT_CON0", 3, 1)
    values = raw.view(np.int8).astype(np.int64) if signed else raw.astype(np.int64)
    out = np.zeros((shape.height, shape.width, shape.channels), np.int64)
    for channel in range(real):
        converter = registers.values.get(0x1050 + 4 * channel, 0)
        offset, scale = ((converter & 0xFFFF) ^ 0x8000) - 0x8000, converter >> 16
        bits = registers.field("CNA_CVT_CON0", 4 + 6 * channel, 6)
        out[:, :, channel] = np.clip(shift_right((values[:, :, channel] + offset) * scale, bits), -128, 127)
    return out


def _padded(data: Ints, registers: Registers, shape: Shape) -> Ints:
    top, left = registers.field("CNA_PAD_CON0", 0, 4), registers.field("CNA_PAD_CON0", 4, 4)
    height = max((shape.out_height - 1) * shape.stride_y + shape.kernel_height, shape.height + top)
    width = max((shape.out_width - 1) * shape.stride_x + shape.kernel_width, shape.width + left)
    padded = np.full((height, width, shape.channels), registers.signed("CNA_PAD_CON1", 0, 8), np.int64)
    padded[top : top + shape.height, left : left + shape.width] = data
    return padded


def _convolve(bus: Bus, registers: Registers, shape: Shape, data: Ints, offset: Ints) -> Ints:
    """Accumulators of shape [rows, columns, output channels]; exact."""
    address = registers["CNA_DCOMP_ADDR0"]
    rows, columns = (shape.out_height - 1) * shape.stride_y + 1, (shape.out_width - 1) * shape.stride_x + 1
    taps = [(y, x) for y in range(shape.kernel_height) for x in range(shape.kernel_width)]

    def seen(y: int, x: int) -> Ints:
        return data[y : y + rows : shape.stride_y, x : x + columns : shape.stride_x]

    if shape.depthwise:
        if shape.out_channels > shape.channels:
            raise CannotCompute("DPU_DATA_CUBE_CHANNEL", registers["DPU_DATA_CUBE_CHANNEL"], "more channels than input")
        whole = _depthwise_weights(bus.read(address, len(taps) * shape.channels).view(np.int8), shape)
        kernel = whole[:, :, : shape.out_channels].astype(np.int32) + offset.astype(np.int32)
        narrow = data.astype(np.int32)
        total = np.zeros((shape.out_height, shape.out_width, shape.out_channels), np.int32)
        for y, x in taps:
            view = narrow[y : y + rows : shape.stride_y, x : x + columns : shape.stride_x, : shape.out_channels]
            total += view * kernel[y, x]
        return total.astype(np.int64)
    if shape.out_channels > shape.kernels:
        raise CannotCompute("DPU_DATA_CUBE_CHANNEL", registers["DPU_DATA_CUBE_CHANNEL"], "more channels than kernels")
    weights = _weights(bus.read(address, len(taps) * shape.channels * shape.kernels).view(np.int8), shape)
    # Double precision holds every sum exactly (8 by 9 bits, at most 2**30 products) and multiplies fast.
    exact = weights[: shape.out_channels].astype(np.float64) + offset[:, None, None, None]
    sums = np.zeros((shape.out_height * shape.out_width, shape.out_channels))
    for y, x in taps:
        sums += seen(y, x).reshape(-1, shape.channels).astype(np.float64) @ exact[:, y, x].T
    return sums.astype(np.int64).reshape(shape.out_height, shape.out_width, shape.out_channels)


def _weights(raw: npt.NDArray[np.int8], shape: Shape) -> npt.NDArray[np.int8]:
    """[kernels, rows, columns, channels] from blocks of 32 kernels by 32 channels."""
    height, width = shape.kernel_height, shape.kernel_width
    weights = np.empty((shape.kernels, height, width, shape.channels), np.int8)
    done = 0
    for first in range(0, shape.kernels, 32):
        kernels = min(32, shape.kernels - first)
        for channel in range(0, shape.channels, 32):
            channels = min(32, shape.channels - channel)
            size = height * width * kernels * channels
            block = raw[done : done + size].reshape(height, width, kernels, channels)
            weights[first : first + kernels, :, :, channel : channel + channels] = block.transpose(2, 0, 1, 3)
            done += size
    return weights


def _depthwise_weights(raw: npt.NDArray[np.int8], shape: Shape) -> npt.NDArray[np.int8]:
    """[rows, columns, channels] from blocks of 64 channels."""
    height, width = shape.kernel_height, shape.kernel_width
    weights = np.empty((height, width, shape.channels), np.int8)
    done = 0
    for channel in range(0, shape.channels, 64):
        channels = min(64, shape.channels - channel)
        size = height * width * channels
        block = raw[done : done + size].reshape(height, width, channels)
        weights[:, :, channel : channel + channels] = block
        done += size
    return weights


def _bias_unit(values: Ints, registers: Registers, channels: Channels) -> Ints:
    if registers.field("DPU_BS_CFG", 0, 1):
        return values
    if not registers.field("DPU_BS_CFG", 1, 1):
        registers.require("DPU_BS_CFG", (ADD << 16,), "another operation than addition", mask=0xF0000)
        in_memory = registers.field("DPU_BS_CFG", 8, 1)
        values = values + (channels.bias if in_memory else registers.signed("DPU_BS_ALU_CFG", 0, 32))
    if not registers.field("DPU_BS_CFG", 4, 1):
        registers.require("DPU_BS_CFG", (0,), "PReLU", mask=0x20)
        in_memory, bits = registers.field("DPU_BS_MUL_CFG", 0, 1), registers.field("DPU_BS_MUL_CFG", 8, 6)
        registers.require("DPU_DATA_FORMAT", (bits << 4,), "another shift for negative values", mask=0x3F0)
        factor = channels.multiplier if in_memory else registers.signed("DPU_BS_MUL_CFG", 16, 16)
        values = shift_right(values * factor, bits)
    return _relu(values, registers, "DPU_BS_CFG", "DPU_BS_RELUX_CMP_VALUE")


def _batch_norm_unit(values: Ints, registers: Registers) -> Ints:
    if registers.field("DPU_BN_CFG", 0, 1):
        return values
    registers.require("DPU_BN_CFG", (0x12,), "an ALU or a multiplier of the BN unit", mask=0x12)
    return _relu(values, registers, "DPU_BN_CFG", "DPU_BN_RELUX_CMP_VALUE")


def _relu(values: Ints, registers: Registers, configuration: str, limit: str) -> Ints:
    if registers.field(configuration, 6, 1):
        return values
    top = registers.signed(limit, 0, 32) if registers.field(configuration, 7, 1) else None
    return np.clip(values, 0, top)


def _element_wise_unit(values: Ints, bus: Bus, registers: Registers, shape: Shape) -> Ints:
    """Addition of a second tensor: (element + offset) * scale >> shift, added to what the units before computed."""
    if registers.field("DPU_EW_CFG", 0, 1):
        return values
    registers.require("DPU_EW_CFG", (0x904202C0, 0x904203C0), "another operation than addition of a tensor in memory")
    registers.require("DPU_RDMA_ERDMA_CFG", (0x40000004,), "a second tensor that is not one byte an element")
    area = shape.out_height * shape.out_width * ATOM
    sources = (
        (registers["DPU_RDMA_SRC_BASE_ADDR"], registers["DPU_RDMA_SURF_NOTCH"] & ~15),
        (registers["DPU_RDMA_EW_BASE_ADDR"], registers["DPU_RDMA_EW_SURF_NOTCH"] & ~15),
    )
    # Mesa programs tensors of fewer than 12 elements a group, and such of three columns, in ways that do not fit.
    if shape.out_channels > ATOM and any(area + notch != 2 * (sources[1][0] - sources[0][0]) for _, notch in sources):
        raise CannotCompute(
            "DPU_RDMA_SURF_NOTCH", sources[0][1], "groups of the second tensor that are not side by side"
        )
    groups = []
    for group in range(-(-shape.out_channels // ATOM)):
        base, notch = sources[group % 2]  # the two readers take turns, a group each
        raw = bus.read(base + group // 2 * (area + notch), area).view(np.int8)
        groups.append(raw.reshape(shape.out_height, shape.out_width, ATOM))
    other = np.concatenate(groups, axis=2)[:, :, : shape.out_channels].astype(np.int64)
    if not registers.field("DPU_EW_CFG", 8, 1):
        other = other + registers.signed("DPU_EW_CVT_OFFSET_VALUE", 0, 32)
        scale, bits = registers.field("DPU_EW_CVT_SCALE_VALUE", 0, 16), registers.field("DPU_EW_CVT_SCALE_VALUE", 16, 6)
        other = shift_right(other * scale, bits)
    return values + other


def _store(bus: Bus, registers: Registers, values: npt.NDArray[np.int8]) -> None:
    height, width, channels = values.shape
    stride = registers["DPU_DST_SURF_STRIDE"] & ~15
    for group in range(-(-channels // ATOM)):
        part = np.zeros((height, width, ATOM), np.int8)
        some = values[:, :, group * ATOM : (group + 1) * ATOM]
        part[:, :, : some.shape[2]] = some
        bus.write(registers["DPU_DST_BASE_ADDR"] + group * stride, part.tobytes())
