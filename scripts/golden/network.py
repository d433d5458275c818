"""The network of the shipped models: MobileNet V1's first twelve convolutions, and one that makes the output small.

Its shapes are those the mainline driver's own tests run whole; its weights are made up. What it computes means nothing.
It is large enough to keep an NPU busy (200 million multiplications), and small enough to be shipped. No module besides
the standard library's is needed, so that anybody can tell whether the shipped files are the ones that are made here.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass

SIZE = 224
"""Width and height of the input, which has three channels."""
INPUT_SCALE, INPUT_ZERO = 1 / 128, 128
RELU6_SCALE = 6 / 255
"""Between the layers a byte stands for 0 to 6, and zero for zero."""
OUTPUT_SCALE, OUTPUT_ZERO = 1 / 16, 128
WEIGHT_ZERO = 128


@dataclass(frozen=True)
class Layer:
    """A convolution with its weights as bytes (around WEIGHT_ZERO), ordered output, row, column, input.

    A depthwise one has one filter for each channel, ordered row, column, channel. `biases` count in input scale times
    weight scale. All but the last are followed by ReLU6.
    """

    name: str
    depthwise: bool
    kernel: int
    stride: int
    inputs: int
    outputs: int
    input_size: int
    scale: float
    weights: bytes
    biases: tuple[int, ...]
    last: bool

    @property
    def output_size(self) -> int:
        return self.input_size // self.stride

    @property
    def input_scale(self) -> float:
        return INPUT_SCALE if self.inputs == 3 else RELU6_SCALE

    @property
    def multiplications(self) -> int:
        return len(self.weights) * self.output_size**2


# kind, stride, output channels, gain: the gains keep the values between the layers well within 0 and 6.
_PLAN = (
    ("conv", 2, 32, 3.2),
    ("depthwise", 1, 32, 2.2),
    ("pointwise", 1, 64, 1.6),
    ("depthwise", 2, 64, 1.6),
    ("pointwise", 1, 128, 1.4),
    ("depthwise", 1, 128, 1.35),
    ("pointwise", 1, 128, 1.4),
    ("depthwise", 2, 128, 1.4),
    ("pointwise", 1, 256, 1.4),
    ("depthwise", 1, 256, 1.35),
    ("pointwise", 1, 256, 1.35),
    ("depthwise", 2, 256, 1.35),
    ("pointwise", 1, 32, 1.0),
)


def noise(name: str, length: int) -> bytes:
    """Bytes that look random and are the same everywhere."""
    return hashlib.shake_128(name.encode()).digest(length)


def layers() -> list[Layer]:
    """The whole network, in order."""
    return list(_layers())


def _layers() -> Iterator[Layer]:
    inputs, size = 3, SIZE
    for number, (kind, stride, outputs, gain) in enumerate(_PLAN):
        depthwise = kind == "depthwise"
        kernel = 1 if kind == "pointwise" else 3
        fan_in = kernel * kernel * (1 if depthwise else inputs)
        name = f"{number:02}-{kind}"
        # Evenly spread bytes have a standard deviation of 74: with gain 1 the sum of squares stays what it was.
        scale = gain * math.sqrt(2 / fan_in) / 74
        unit = scale * (INPUT_SCALE if number == 0 else RELU6_SCALE)
        yield Layer(
            name=name,
            depthwise=depthwise,
            kernel=kernel,
            stride=stride,
            inputs=inputs,
            outputs=outputs,
            input_size=size,
            scale=scale,
            weights=_balanced(f"{name} weights", fan_in, outputs, depthwise),
            biases=tuple(round((byte - 128) / 1024 / unit) for byte in noise(f"{name} biases", outputs)),
            last=number == len(_PLAN) - 1,
        )
        inputs, size = outputs, size // stride


def _balanced(name: str, fan_in: int, outputs: int, depthwise: bool) -> bytes:
    """Filters that sum up to about nothing: what is the same everywhere does not drown what differs."""
    made = bytearray(noise(name, fan_in * outputs))
    for output in range(outputs):
        own = slice(output, None, outputs) if depthwise else slice(output * fan_in, (output + 1) * fan_in)
        excess = round(sum(made[own]) / fan_in) - WEIGHT_ZERO
        made[own] = bytes(min(255, max(0, byte - excess)) for byte in made[own])
    return bytes(made)


def picture() -> bytes:
    """The input: rows, columns, channels. Squares of one colour each, with sharp edges."""
    squares = noise("picture", 28 * 28 * 3)
    edge = SIZE // 28
    return b"".join(
        squares[(row // edge * 28 + column // edge) * 3 :][:3] for row in range(SIZE) for column in range(SIZE)
    )
