"""Writes the network as ONNX, which the vendor's converter reads. Protocol buffers by hand, the same bytes everywhere.

An ONNX file is a message; a field is its number and type, then a number or a length and that many bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from network import SIZE, WEIGHT_ZERO, Layer

OPSET, IR = 13, 7
FLOAT = 1
_INT, _INTS = 2, 7


def _number(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def _int(field: int, value: int) -> bytes:
    return _number(field << 3) + _number(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return _number(field << 3 | 2) + _number(len(content)) + content


def _all(field: int, values: Iterable[bytes | str]) -> bytes:
    return b"".join(_bytes(field, value) for value in values)


def _tensor(name: str, shape: Sequence[int], values: Sequence[float]) -> bytes:
    sizes = b"".join(_int(1, size) for size in shape)
    return sizes + _int(2, FLOAT) + _bytes(8, name) + _bytes(9, struct.pack(f"<{len(values)}f", *values))


def _value(name: str, shape: Sequence[int]) -> bytes:
    sizes = _all(1, (_int(1, size) for size in shape))
    return _bytes(1, name) + _bytes(2, _bytes(1, _int(1, FLOAT) + _bytes(2, sizes)))


def _node(kind: str, inputs: Sequence[str], output: str, **attributes: int | list[int]) -> bytes:
    made = _all(1, inputs) + _bytes(2, output) + _bytes(3, output) + _bytes(4, kind)
    for name, value in attributes.items():
        many = isinstance(value, list)
        content = b"".join(_int(8, one) for one in value) if isinstance(value, list) else _int(3, value)
        made += _bytes(5, _bytes(1, name) + content + _int(20, _INTS if many else _INT))
    return made


def _weights(layer: Layer) -> list[float]:
    """As ONNX orders them: output, input, row, column."""
    area, kept = layer.kernel**2, 1 if layer.depthwise else layer.inputs
    places = (
        place * layer.outputs + output if layer.depthwise else (output * area + place) * layer.inputs + depth
        for output in range(layer.outputs)
        for depth in range(kept)
        for place in range(area)
    )
    return [(layer.weights[place] - WEIGHT_ZERO) * layer.scale for place in places]


def _layer(layer: Layer, source: str) -> tuple[list[bytes], list[bytes]]:
    """Nodes and constants."""
    target = "output" if layer.last else f"{layer.name}-out"
    raw = target if layer.last else f"{layer.name}-raw"
    # What TensorFlow calls SAME: a stride of two on an even size has its padding at the end.
    begin, end = (0, 0) if layer.kernel == 1 else (2 - layer.stride, 1)
    weights, biases = f"{layer.name}-weights", f"{layer.name}-biases"
    nodes = [
        _node(
            "Conv",
            [source, weights, biases],
            raw,
            kernel_shape=[layer.kernel] * 2,
            strides=[layer.stride] * 2,
            pads=[begin, begin, end, end],
            group=layer.inputs if layer.depthwise else 1,
        )
    ]
    if not layer.last:
        nodes.append(_node("Clip", [raw, "zero", "six"], target))
    shape = (layer.outputs, 1 if layer.depthwise else layer.inputs, layer.kernel, layer.kernel)
    unit = layer.scale * layer.input_scale
    return nodes, [
        _tensor(weights, shape, _weights(layer)),
        _tensor(biases, (layer.outputs,), [value * unit for value in layer.biases]),
    ]


def onnx(layers: Sequence[Layer]) -> bytes:
    """The whole file. Its input is 1x3x224x224 around 0, its output 1x32x14x14."""
    nodes: list[bytes] = []
    constants = [_tensor("zero", (), [0.0]), _tensor("six", (), [6.0])]
    source = "input"
    for layer in layers:
        made, needed = _layer(layer, source)
        nodes, constants, source = nodes + made, constants + needed, f"{layer.name}-out"
    last = layers[-1]
    graph = (
        _all(1, nodes)
        + _bytes(2, "rknn-validation")
        + _all(5, constants)
        + _bytes(11, _value("input", (1, 3, SIZE, SIZE)))
        + _bytes(12, _value("output", (1, last.outputs, last.output_size, last.output_size)))
    )
    return _int(1, IR) + _bytes(2, "rknn-validation") + _bytes(7, graph) + _bytes(8, _bytes(1, "") + _int(2, OPSET))
