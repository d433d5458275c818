"""The model's layers against TensorFlow Lite's reference kernels, and what the model refuses."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from encoder import OTHER, OUTPUT, Convolution, Quantised, Ram, encode, grouped, result, scale_and_shift

import rknn_validation
from rknn_validation.npumodel import known
from rknn_validation.npumodel.commands import BY_NAME, NAMES, CannotCompute, Registers
from rknn_validation.npumodel.layers import compute, shift_right
from rknn_validation.npumodel.shape import Shape

sys.path.append(str(Path(__file__).parents[3] / "scripts" / "golden"))

from flat import Table, Vector, flatbuffer

pytestmark = pytest.mark.unit

INT32, UINT8 = 2, 3


def tensor(shape: tuple[int, ...], kind: int, buffer: int, scale: float, zero: int) -> Table:
    quantised = Table([None, None, Vector("f", [scale]), Vector("q", [zero], align=8)])
    return Table([Vector("i", shape), ("b", kind), ("I", buffer), "t", quantised])


def reference(layer: Convolution) -> npt.NDArray[np.uint8]:
    """What TensorFlow Lite's reference kernel computes."""
    interpreters = pytest.importorskip("ai_edge_litert.interpreter")
    values, weights = layer.input, layer.weights
    rows, columns, _, _ = layer.geometry()
    padding, stride, one = ("b", 0 if layer.same else 1), ("i", layer.stride), ("i", 1)
    options = Table([padding, stride, stride, *([one] if layer.depthwise else []), None, one, one])
    tensors = [
        tensor((1, *values.values.shape), UINT8, 0, values.scale, values.zero),
        tensor(weights.values.shape, UINT8, 1, weights.scale, weights.zero),
        tensor(layer.biases.shape, INT32, 2, values.scale * weights.scale, 0),
        tensor((1, rows, columns, layer.out_channels), UINT8, 0, layer.out_scale, layer.out_zero),
    ]
    buffers = [Table([]), *(Table([Vector("B", data.tobytes(), align=16)]) for data in (weights.values, layer.biases))]
    kind = 2 if layer.depthwise else 1
    operator = Table([("I", 0), Vector("i", [0, 1, 2]), Vector("i", [3]), ("B", kind), options])
    graph = Table([tensors, Vector("i", [0]), Vector("i", [3]), [operator], "main"])
    code = 4 if layer.depthwise else 3
    codes = [Table([("b", code), None, one, ("i", code)])]
    model = flatbuffer(Table([("I", 3), codes, [graph], "test", buffers]), "TFL3")
    interpreter = interpreters.Interpreter(
        model_content=model, experimental_op_resolver_type=interpreters.OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values.values[None])
    interpreter.invoke()
    found: npt.NDArray[np.uint8] = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
    return found


def layer(seed: int, *, depthwise: bool, channels: int | None = None) -> Convolution:
    """A layer of random shape, stride, padding, zero points and scales."""
    random = np.random.default_rng(seed)
    real = channels or int(random.choice([3, 16, 32, 48, 64, 80, 128]))
    kernel = int(random.choice([1, 3, 5]))
    height, width = (int(random.integers(max(kernel, 4), 20)) for _ in "hw")
    kernels = real if depthwise else int(random.integers(1, 70))
    shape = (1, kernel, kernel, real) if depthwise else (kernels, kernel, kernel, real)
    fan = kernel * kernel * (1 if depthwise else real)
    zero, weights_zero = int(random.integers(0, 256)), int(random.integers(118, 138))
    # Products of two values around 0 with a deviation of 74, and what zero points that are off centre add to them.
    spread = 3 * 74 * 74 * np.sqrt(fan) + fan * abs((127.5 - zero) * (127.5 - weights_zero)) + 20000
    return Convolution(
        Quantised(random.integers(0, 256, (height, width, real), np.uint8), 1 / 128, zero),
        Quantised(random.integers(0, 256, shape, np.uint8), 0.01, weights_zero),
        random.integers(-20000, 20000, kernels, np.int32),
        stride=int(random.integers(1, 4)),
        same=bool(random.integers(2)),
        out_scale=0.01 / 128 * float(spread) / 127,
        out_zero=int(random.integers(100, 150)),
        depthwise=depthwise,
    )


def computed(one: Convolution, *, one_channel: bool = False) -> npt.NDArray[np.uint8]:
    ram = Ram()
    compute(ram, encode(one, ram, one_channel=one_channel))
    return result(one, ram)


def agree(found: npt.NDArray[np.uint8], wanted: npt.NDArray[np.uint8]) -> None:
    """Equal but for the last bit, which the 15-bit scale of the hardware rounds otherwise."""
    assert found.shape == wanted.shape
    difference = np.abs(found.astype(int) - wanted.astype(int))
    assert difference.max() <= 1
    assert wanted.std() > 5, "the layer tells little"


@pytest.mark.parametrize("seed", range(16))
def test_convolutions_agree_with_the_reference(seed: int) -> None:
    one = layer(seed, depthwise=False)
    agree(computed(one), reference(one))


@pytest.mark.parametrize("seed", range(10))
def test_depthwise_convolutions_agree_with_the_reference(seed: int) -> None:
    one = layer(seed, depthwise=True, channels=(16, 32, 64, 128, 192)[seed % 5])
    agree(computed(one), reference(one))


@pytest.mark.parametrize("seed", range(4))
def test_one_channel_input_agrees_with_the_reference(seed: int) -> None:
    one = layer(seed, depthwise=False, channels=1)
    agree(computed(one, one_channel=True), reference(one))


def test_a_second_tensor_is_added() -> None:
    """Each element of the second tensor counts as (element + offset) * factor accumulated products."""
    one = layer(3, depthwise=False, channels=32)
    rows, columns, _, _ = one.geometry()
    random = np.random.default_rng(5)
    other = random.integers(-128, 128, (rows, columns, one.out_channels), np.int8)
    ram, plain = Ram(), Ram()
    registers = encode(one, ram)
    area = rows * columns * 16
    ram.write(OTHER, grouped(other))
    scale, bits = scale_and_shift(299.67)
    registers.values |= {
        BY_NAME["DPU_EW_CFG"]: 0x904202C0,
        BY_NAME["DPU_EW_CVT_OFFSET_VALUE"]: 7,
        BY_NAME["DPU_EW_CVT_SCALE_VALUE"]: bits << 16 | scale,
        BY_NAME["DPU_RDMA_ERDMA_CFG"]: 0x40000004,
        BY_NAME["DPU_RDMA_SRC_BASE_ADDR"]: OTHER,
        BY_NAME["DPU_RDMA_EW_BASE_ADDR"]: OTHER + area,
        BY_NAME["DPU_RDMA_SURF_NOTCH"]: area,
        BY_NAME["DPU_RDMA_EW_SURF_NOTCH"]: area,
    }
    compute(ram, registers)
    # The same sum by way of the biases, one value of the second tensor at a time.
    for row, column, channel in ((0, 0, 0), (rows - 1, columns - 1, one.out_channels - 1), (1, 2, 16)):
        extra = (int(other[row, column, channel]) + 7) * 299.67
        biased = replace(one, biases=one.biases + np.int32(round(extra)))
        compute(plain, encode(biased, plain))
        seen, wanted = (int(result(one, of)[row, column, channel]) for of in (ram, plain))
        assert abs(seen - wanted) <= 1


def test_values_are_clamped_where_the_batch_norm_unit_says_so() -> None:
    one = replace(layer(3, depthwise=False, channels=32), out_zero=128)
    ram = Ram()
    registers = encode(one, ram)
    registers.values |= {BY_NAME["DPU_BN_CFG"]: 0x92, BY_NAME["DPU_BN_RELUX_CMP_VALUE"]: 300000}
    compute(ram, registers)
    scale, bits = registers["DPU_OUT_CVT_SCALE"], registers["DPU_OUT_CVT_SHIFT"]
    seen = result(one, ram)
    limit = 128 + int(shift_right(np.array([300000 * scale]), bits)[0])
    assert 140 < limit < 250
    assert np.array_equal(seen, np.clip(computed(one), 128, limit))


def test_parameters_for_each_channel_come_in_blocks_of_eight() -> None:
    """As the vendor's compiler lays them: eight biases, eight weight offsets, eight multipliers."""
    one = layer(4, depthwise=False, channels=32)
    plain, ram = Ram(), Ram()
    compute(plain, encode(one, plain))
    registers = encode(one, ram)
    count = one.out_channels
    biases = ram.read(registers["DPU_RDMA_BS_BASE_ADDR"], count * 4).view("<i4")
    blocks = np.zeros((-(-count // 8), 64), np.uint8)
    for channel in range(count):
        block, at = divmod(channel, 8)
        blocks[block, at * 4 : at * 4 + 4] = biases[channel : channel + 1].view(np.uint8)
        blocks[block, 32 + at * 2 : 34 + at * 2] = np.array([128 - one.weights.zero], "<i2").view(np.uint8)
        blocks[block, 48 + at * 2 : 50 + at * 2] = np.array([1 << 10], "<i2").view(np.uint8)
    ram.write(registers["DPU_RDMA_BS_BASE_ADDR"], blocks.tobytes())
    registers.values |= {
        BY_NAME["DPU_RDMA_BRDMA_CFG"]: 0xE,
        BY_NAME["DPU_BS_CFG"]: 0x20140,
        BY_NAME["DPU_BS_MUL_CFG"]: 10 << 8 | 1,
        BY_NAME["DPU_DATA_FORMAT"]: 10 << 4,
        BY_NAME["DPU_BS_OW_CFG"]: 0x125,
        BY_NAME["DPU_BS_OW_OP"]: 0,
    }
    compute(ram, registers)
    assert np.array_equal(result(one, ram), result(one, plain))


@pytest.mark.parametrize(
    ("register", "value"),
    [
        ("CNA_CONV_CON1", 0x10),
        ("CNA_CONV_CON3", 1 << 16 | 0x9),
        ("CNA_DCOMP_CTRL", 1),
        ("DPU_DATA_FORMAT", 2),
        ("DPU_BN_CFG", 0x40),
        ("DPU_EW_CFG", 0x344),
        ("DPU_RDMA_BRDMA_CFG", 0x6),
        ("DPU_RDMA_NRDMA_CFG", 2),
        ("DPU_BS_CFG", 0x50150),
        ("DPU_BS_OW_CFG", 0x125),
        ("DPU_FEATURE_MODE_CFG", 0x1E2),
        ("CORE_MISC_CFG", 3),
        ("CNA_WEIGHT_SIZE0", 16),
        ("CNA_DMA_CON2", 0x0FFFFFF8),
        ("PPU_OPERATION_MODE_CFG", 0x11),
    ],
)
def test_what_is_not_known_is_refused_by_name_and_nothing_is_written(register: str, value: int) -> None:
    one, ram = layer(3, depthwise=False, channels=32), Ram()
    registers = encode(one, ram)
    registers.values[BY_NAME[register]] = value
    ram.write(OUTPUT, b"poison")
    with pytest.raises(CannotCompute, match=register):
        compute(ram, Registers(registers.values))
    assert bytes(ram.read(OUTPUT, 6)) == b"poison"


@pytest.mark.parametrize("offset", [0x1018, 0x1060, 0x1148, 0x3030, 0x4038, 0x4108, 0x5048, 0x5064])
def test_a_register_that_the_model_does_not_know_is_refused(offset: int) -> None:
    one, ram = layer(3, depthwise=False, channels=32), Ram()
    registers = encode(one, ram)
    registers.values[offset] = 0
    compute(ram, registers)
    registers.values[offset] = 4
    with pytest.raises(CannotCompute, match=f"{offset:#x}|{NAMES.get(offset, '-')}"):
        compute(ram, registers)


def shipped_tasks() -> list[dict[int, int]]:
    """The commands of the shipped `golden-1.rknn`, as the vendor's compiler wrote them, one list a task."""
    content = Path(rknn_validation.__file__).with_name("npu").joinpath("models", "golden-1.rknn").read_bytes()
    entries = np.frombuffer(content[: len(content) // 8 * 8], "<u8").tolist()
    tasks: list[dict[int, int]] = []
    own: dict[int, int] = {}
    for entry in entries:
        unit = entry >> 48
        if unit in (0x101, 0x201, 0x801, 0x1001, 0x2001, 0x4001, 0x8001):
            own[entry & 0xFFFF] = entry >> 16 & 0xFFFFFFFF
        elif unit == 0x81 and len(own) > 20:
            tasks.append(own)
            own = {}
        elif unit not in (0, 0x41):
            own = {}
    return tasks


def test_every_register_of_the_shipped_vendor_model_is_known() -> None:
    """With what its compiler says twice read alike: sizes, strides and bytes of weights."""
    convolutions = pooling = 0
    inherited: dict[int, int] = {}
    for own in shipped_tasks():
        if BY_NAME["DPU_DST_BASE_ADDR"] not in own:
            pooling += 1
            continue
        inherited |= {offset: value for offset, value in own.items() if offset > 0x1000}
        registers = Registers(inherited)
        known.refuse_unknown(registers)
        known.refuse_contradictions(registers, Shape.of(registers))
        convolutions += 1
    assert (convolutions, pooling) == (95, 5)


def test_halves_are_rounded_away_from_zero() -> None:
    values = np.array([5, 6, 7, -5, -6, -7, 0, 2, -2])
    assert shift_right(values, 2).tolist() == [1, 2, 2, -1, -2, -2, 0, 1, -1]
    assert shift_right(values, 0).tolist() == values.tolist()
