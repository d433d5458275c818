"""Writes the network as TensorFlow Lite, quantised as Mesa's Teflon wants it: 8 bits without sign, one scale a tensor.

Field numbers and codes are those of TensorFlow Lite's schema, version 3.
"""

from __future__ import annotations

from collections.abc import Sequence

from flat import Table, Vector, flatbuffer
from network import INPUT_SCALE, INPUT_ZERO, OUTPUT_SCALE, OUTPUT_ZERO, RELU6_SCALE, SIZE, WEIGHT_ZERO, Layer

INT32, UINT8 = 2, 3
CONV_2D, DEPTHWISE_CONV_2D = 3, 4
SAME, RELU6 = 0, 3
_CODES = (CONV_2D, DEPTHWISE_CONV_2D)


def _tensor(name: str, shape: Sequence[int], kind: int, buffer: int, scale: float, zero: int) -> Table:
    quantised = Table([None, None, Vector("f", [scale]), Vector("q", [zero], align=8)])
    return Table([Vector("i", shape), ("b", kind), ("I", buffer), name, quantised])


def _operator(layer: Layer, tensors: Sequence[int], target: int) -> Table:
    activation = None if layer.last else ("b", RELU6)
    stride = ("i", layer.stride)
    if layer.depthwise:
        options = Table([("b", SAME), stride, stride, ("i", 1), activation, ("i", 1), ("i", 1)])
    else:
        options = Table([("b", SAME), stride, stride, activation, ("i", 1), ("i", 1)])
    code = 1 if layer.depthwise else 0
    # The kind of options has the same numbers as the list of codes, counted from one.
    return Table([("I", code), Vector("i", tensors), Vector("i", [target]), ("B", code + 1), options])


def tflite(layers: Sequence[Layer]) -> bytes:
    """The whole file. Its input is 1x224x224x3, its output 1x14x14x32, both in bytes."""
    tensors = [_tensor("input", (1, SIZE, SIZE, 3), UINT8, 0, INPUT_SCALE, INPUT_ZERO)]
    buffers = [Table([])]
    operators = []
    source = 0
    for layer in layers:
        size, area = layer.output_size, (layer.kernel, layer.kernel)
        shape = (1, *area, layer.outputs) if layer.depthwise else (layer.outputs, *area, layer.inputs)
        scale, zero = (OUTPUT_SCALE, OUTPUT_ZERO) if layer.last else (RELU6_SCALE, 0)
        first, buffer = len(tensors), len(buffers)
        unit = layer.input_scale * layer.scale
        tensors += [
            _tensor(f"{layer.name}-weights", shape, UINT8, buffer, layer.scale, WEIGHT_ZERO),
            _tensor(f"{layer.name}-biases", (layer.outputs,), INT32, buffer + 1, unit, 0),
            _tensor(
                "output" if layer.last else f"{layer.name}-out", (1, size, size, layer.outputs), UINT8, 0, scale, zero
            ),
        ]
        buffers += [Table([Vector("B", layer.weights, align=16)]), Table([_int32(layer.biases)])]
        operators.append(_operator(layer, [source, first, first + 1], first + 2))
        source = first + 2
    graph = Table([tensors, Vector("i", [0]), Vector("i", [source]), operators, "main"])
    codes = [Table([("b", code), None, ("i", 1), ("i", code)]) for code in _CODES]
    return flatbuffer(Table([("I", 3), codes, [graph], "rknn-validation", buffers]), "TFL3")


def _int32(values: Sequence[int]) -> Vector:
    return Vector("B", b"".join(value.to_bytes(4, "little", signed=True) for value in values), align=16)
