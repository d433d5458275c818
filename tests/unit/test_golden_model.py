"""The models the project ships: the files are the ones described, and the network is the one that is made here."""

from __future__ import annotations

import ast
import hashlib
import importlib
import json
import math
import struct
import sys
from pathlib import Path
from typing import Any

import pytest

from rknn_validation.checks.node.runner import correlation
from rknn_validation.subject.inference import SHIPPED, SHIPPED_NAME, STACKS_WITH_MODELS, shipped

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
FACTS: dict[str, Any] = json.loads((SHIPPED / f"{SHIPPED_NAME}.json").read_text())
FILES = [FACTS["input"], *(FACTS[stack][kind] for stack in STACKS_WITH_MODELS for kind in ("model", "golden"))]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What the script writes without the converter, by name."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts" / "golden"))
    network, onnxfile, plain, tflitefile = map(importlib.import_module, ("network", "onnxfile", "plain", "tflitefile"))
    for name in ("network", "onnxfile", "plain", "tflitefile", "flat"):
        monkeypatch.delitem(sys.modules, name)
    layers = network.layers()
    return {
        "golden-1.onnx": onnxfile.onnx(layers),
        "golden-1.tflite": tflitefile.tflite(layers),
        "golden-1-input.npy": plain.array((1, 224, 224, 3), network.picture()),
    }


def array(path: Path) -> tuple[tuple[int, ...], list[float]]:
    """Shape and values of a .npy file."""
    content = path.read_bytes()
    (length,) = struct.unpack_from("<H", content, 8)
    head = ast.literal_eval(content[10 : 10 + length].decode())
    kind = {"|u1": "B", "<f4": "f"}[head["descr"]]
    count = math.prod(head["shape"])
    return head["shape"], list(struct.unpack(f"<{count}{kind}", content[10 + length :]))


@pytest.mark.parametrize("described", FILES, ids=[one["file"] for one in FILES])
def test_a_shipped_file_is_the_one_described(described: dict[str, str]) -> None:
    assert hashlib.sha256((SHIPPED / described["file"]).read_bytes()).hexdigest() == described["sha256"]


def test_nothing_else_is_shipped_and_it_stays_small() -> None:
    assert {path.name for path in SHIPPED.iterdir()} == {one["file"] for one in FILES} | {f"{SHIPPED_NAME}.json"}
    assert max(path.stat().st_size for path in SHIPPED.iterdir()) < 300_000


def test_the_network_and_its_input_are_made_again_without_the_converter(made: dict[str, bytes]) -> None:
    for described in (FACTS["onnx"], FACTS["input"], FACTS["mainline"]["model"]):
        assert hashlib.sha256(made[described["file"]]).hexdigest() == described["sha256"], described["file"]


def test_each_model_is_of_its_stacks_kind() -> None:
    assert (SHIPPED / FACTS["vendor"]["model"]["file"]).read_bytes()[:4] == b"RKNN"
    assert (SHIPPED / FACTS["mainline"]["model"]["file"]).read_bytes()[4:8] == b"TFL3"
    assert FACTS["made with"]["rknn-toolkit2"] == "2.3.2"


def test_the_golden_outputs_are_of_one_network_and_of_no_trivial_one() -> None:
    _, pixels = array(shipped("vendor").input)
    shape, vendor = array(shipped("vendor").golden)
    assert (shape, min(vendor) < -4, max(vendor) > 4) == ((1, 32, 14, 14), True, True)
    shape, mainline = array(shipped("mainline").golden)
    assert shape == (1, 14, 14, 32)
    swapped = [mainline[place * 32 + channel] for channel in range(32) for place in range(14 * 14)]
    told_apart = shipped("vendor").correlation
    assert told_apart is not None
    found = correlation(vendor, swapped)
    assert found is not None
    assert found > 0.98, "two quantisations of one network, by tools that know nothing of one another"
    for wrong in (mainline, pixels[: len(vendor)], vendor[1:] + vendor[:1]):
        found = correlation(vendor, wrong)
        assert found is not None
        assert found < 0.5 < told_apart, "another order of the values is another output"
    assert correlation(vendor, [0.0] * len(vendor)) is None


@pytest.mark.parametrize("stack", STACKS_WITH_MODELS)
def test_what_is_asked_of_a_node_is_less_than_what_the_tools_agree_on(stack: str) -> None:
    assert FACTS[stack]["correlation"] < FACTS[stack]["correlation with floating point"]
    model = shipped(stack)
    assert model.model.sha256[:12] in model.words
    assert FACTS[stack]["golden from"] in model.words
