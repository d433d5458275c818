"""One layer as Mesa's rocket driver encodes it, written from the meaning of the registers, apart from the model."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rknn_validation.npumodel.commands import BY_NAME, Registers
from rknn_validation.npumodel.memory import Bytes

INPUT, WEIGHTS, BIASES, OUTPUT, OTHER = 0x10000, 0x200000, 0x400000, 0x500000, 0x700000


@dataclass
class Ram:
    """A bus without an MMU."""

    content: bytearray = field(default_factory=lambda: bytearray(0x900000))

    def read(self, address: int, size: int) -> Bytes:
        return np.frombuffer(bytes(self.content[address : address + size]), np.uint8)

    def write(self, address: int, data: bytes) -> None:
        self.content[address : address + len(data)] = data


@dataclass(frozen=True)
class Quantised:
    """A tensor of bytes: (value - zero) * scale."""

    values: npt.NDArray[np.uint8]
    scale: float
    zero: int


@dataclass(frozen=True)
class Convolution:
    """Input [rows, columns, channels]; weights [kernels, rows, columns, channels], one kernel where it is depthwise."""

    input: Quantised
    weights: Quantised
    biases: npt.NDArray[np.int32]
    stride: int
    same: bool
    out_scale: float
    out_zero: int
    depthwise: bool = False

    @property
    def out_channels(self) -> int:
        shape = self.weights.values.shape
        return int(shape[3] if self.depthwise else shape[0])

    def geometry(self) -> tuple[int, int, int, int]:
        """Rows and columns of the output, padding at top and left."""
        size, kernel = self.input.values.shape[:2], self.weights.values.shape[1:3]
        if not self.same:
            rows, columns = ((size[i] - kernel[i]) // self.stride + 1 for i in (0, 1))
            return rows, columns, 0, 0
        rows, columns = (-(-size[i] // self.stride) for i in (0, 1))
        needed = [max((out - 1) * self.stride + kernel[i] - size[i], 0) for i, out in ((0, rows), (1, columns))]
        return rows, columns, needed[0] // 2, needed[1] // 2


def grouped(values: npt.NDArray[np.int8]) -> bytes:
    """[rows, columns, channels] as groups of 16 channels."""
    rows, columns, channels = values.shape
    padded = np.zeros((rows, columns, -(-channels // 16) * 16), np.int8)
    padded[:, :, :channels] = values
    return padded.reshape(rows, columns, -1, 16).transpose(2, 0, 1, 3).tobytes()


def ungrouped(raw: Bytes, rows: int, columns: int, channels: int) -> npt.NDArray[np.int8]:
    """The reverse of `grouped`."""
    groups = raw.view(np.int8).reshape(-1, rows, columns, 16)
    return groups.transpose(1, 2, 0, 3).reshape(rows, columns, -1)[:, :, :channels]


def signed(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    return (values.astype(np.int16) - 128).astype(np.int8)


def _packed_weights(layer: Convolution) -> bytes:
    weights = signed(layer.weights.values)
    channels = -(-weights.shape[3] // 16) * 16
    padding = np.int8(layer.weights.zero - 128)
    wide = np.full((*weights.shape[:3], channels), padding, np.int8)
    wide[..., : weights.shape[3]] = weights
    if layer.depthwise:
        return b"".join(wide[0, :, :, at : at + 64].tobytes() for at in range(0, channels, 64))
    kernels = weights.shape[0] + weights.shape[0] % 2
    whole = np.zeros((kernels, *wide.shape[1:]), np.int8)
    whole[: wide.shape[0]] = wide
    parts = []
    for kernel in range(0, kernels, 32):
        for channel in range(0, channels, 32):
            block = whole[kernel : kernel + 32, :, :, channel : channel + 32]
            parts.append(block.transpose(1, 2, 0, 3).tobytes())
    return b"".join(parts)


def scale_and_shift(value: float) -> tuple[int, int]:
    """A positive factor as 15 bits and a shift to the right."""
    bits = struct.unpack("<I", struct.pack("<f", value))[0]
    scale = (bits >> 9 & 0x7FFF) + 1
    return scale | (1 << 14 if scale < 1 << 14 else 0), 127 + 31 - 32 - (bits >> 23) + 16 - 1


def encode(layer: Convolution, ram: Ram, *, one_channel: bool = False) -> Registers:
    """The registers of a layer whose data is laid into `ram`."""
    values, weights = layer.input.values, layer.weights.values
    height, width, real = values.shape
    rows, columns, top, left = layer.geometry()
    effective = weights.astype(np.int64) - layer.weights.zero
    axes = (0, 1, 2) if layer.depthwise else (1, 2, 3)
    biases = layer.biases - effective.sum(axis=axes) * (layer.input.zero - 128)
    ram.write(INPUT, values.tobytes() if one_channel else grouped(signed(values)))
    ram.write(WEIGHTS, _packed_weights(layer))
    ram.write(BIASES, biases.astype("<i4").tobytes())
    scale, shift = scale_and_shift(layer.input.scale * layer.weights.scale / layer.out_scale)
    channels = -(-real // 16) * 16
    kernels = 1 if layer.depthwise else weights.shape[0] + weights.shape[0] % 2
    line = width if one_channel else width * 4
    named = {
        "CNA_CONV_CON1": (3 if layer.depthwise else 0) | (0x60008000 if one_channel else 0),
        "CNA_CONV_CON3": layer.stride << 3 | layer.stride,
        "CNA_DATA_SIZE0": width << 16 | height,
        "CNA_DATA_SIZE1": (real - 1) << 16 | channels,
        "CNA_WEIGHT_SIZE2": weights.shape[2] << 24 | weights.shape[1] << 16 | kernels,
        "CNA_CVT_CON0": (14 << 4) if one_channel else 0xB,
        "CNA_CVT_CON1": 16384 << 16 | 65408 if one_channel else 1 << 16,
        "CNA_PAD_CON0": left << 4 | top,
        "CNA_PAD_CON1": (layer.input.zero - 128) & 0xFFFFFFFF,
        "CNA_FEATURE_DATA_ADDR": INPUT,
        "CNA_DMA_CON1": line,
        "CNA_DMA_CON2": (line * height // 4 - line) & 0x0FFFFFFF,
        "CNA_DCOMP_ADDR0": WEIGHTS,
        "CORE_DATAOUT_SIZE_0": (rows - 1) << 16 | (columns - 1),
        "DPU_FEATURE_MODE_CFG": 0x1FC if layer.depthwise else 0x1E4,
        "DPU_DATA_CUBE_CHANNEL": (layer.out_channels - 1) << 16,
        "DPU_DST_BASE_ADDR": OUTPUT,
        "DPU_DST_SURF_STRIDE": rows * columns * 16,
        "DPU_BS_CFG": 0x20150,
        "DPU_BS_OW_OP": (128 - layer.weights.zero) & 0xFFFF,
        "DPU_BN_CFG": 0x53,
        "DPU_EW_CFG": 0x383,
        "DPU_OUT_CVT_OFFSET": (layer.out_zero - 128) & 0xFFFFFFFF,
        "DPU_OUT_CVT_SCALE": scale,
        "DPU_OUT_CVT_SHIFT": shift,
        "DPU_RDMA_BRDMA_CFG": 2,
        "DPU_RDMA_BS_BASE_ADDR": BIASES,
        "DPU_RDMA_ERDMA_CFG": 1,
    }
    return Registers({BY_NAME[name]: value for name, value in named.items()})


def result(layer: Convolution, ram: Ram) -> npt.NDArray[np.uint8]:
    """The output that was written, as TensorFlow Lite's bytes."""
    rows, columns, _, _ = layer.geometry()
    size = -(-layer.out_channels // 16) * rows * columns * 16
    values = ungrouped(ram.read(OUTPUT, size), rows, columns, layer.out_channels)
    return (values.astype(np.int16) + 128).astype(np.uint8)
