"""`inference:` of the subject file: what is read, and what a person is told when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from rknn_validation.common.errors import SubjectFileError
from rknn_validation.subject.inference import shipped
from rknn_validation.subject.validation import load

pytestmark = pytest.mark.unit

HASH = "a" * 64
GOOD = f"""\
subject: {{module: module.nix, option: services.npu}}
scenarios:
  vendor: {{stack: vendor}}
inference:
  vendor:
    model: {{file: resnet18.rknn}}
    input: cat.npy
    golden: cat-out.npy
    tolerance: 0.01
    cpu_model: {{url: "https://models.example/resnet18.tflite", sha256: {HASH}}}
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in ("module.nix", "resnet18.rknn", "cat.npy", "cat-out.npy"):
        (tmp_path / name).write_text("{ }\n")
    return tmp_path


def read(directory: Path, text: str) -> object:
    path = directory / "validation.yaml"
    path.write_text(text)
    return load(path)


def test_a_model_is_read_whole(directory: Path) -> None:
    read(directory, GOOD)
    vendor = load(directory / "validation.yaml").inferences["vendor"]
    assert vendor.model.file == directory / "resnet18.rknn"
    assert vendor.golden == directory / "cat-out.npy"
    assert (vendor.tolerance, vendor.faster, vendor.runs, vendor.python) == (0.01, 1.5, 20, "python3")
    assert vendor.cpu_model is not None
    assert vendor.cpu_model.sha256 == HASH
    assert vendor.cpu_milliseconds is None


def test_without_it_the_shipped_models_are_run(directory: Path) -> None:
    read(directory, GOOD.partition("inference:")[0])
    found = load(directory / "validation.yaml").inferences
    assert found == {"vendor": shipped("vendor"), "mainline": shipped("mainline")}
    assert "never compared with a board's" in found["vendor"].words


def test_ones_own_model_stands_beside_the_shipped_one(directory: Path) -> None:
    read(directory, GOOD)
    found = load(directory / "validation.yaml").inferences
    assert (found["vendor"].shipped, found["mainline"].shipped) == (False, True)
    assert "resnet18.rknn" in found["vendor"].words


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("inference: false\n", []),
        ("inference: {mainline: false}\n", ["vendor"]),
        ("inference: {mainline: no, vendor: False}\n", []),
    ],
)
def test_it_can_be_switched_off(directory: Path, text: str, left: list[str]) -> None:
    read(directory, GOOD.partition("inference:")[0] + text)
    assert list(load(directory / "validation.yaml").inferences) == left


BAD = {
    "another stack": ("\n  vendor:\n", "\n  vendr:\n", 5, "inference.vendr", "vendor"),
    "no golden output": ("    golden: cat-out.npy\n", "", 6, "inference.vendor.golden", "missing"),
    "a picture": ("input: cat.npy", "input: module.nix", 7, "inference.vendor.input", ".npy"),
    "a model nowhere": ("file: resnet18.rknn", "file: no.rknn", 6, "inference.vendor.model.file", "no.rknn"),
    "two places": ("file: resnet18.rknn", "file: resnet18.rknn, node: /x", 6, "inference.vendor.model.node", "one of"),
    "no place": ("{file: resnet18.rknn}", "{}", 6, "inference.vendor.model.file", "one of"),
    "a URL without hash": (f", sha256: {HASH}", "", 10, "inference.vendor.cpu_model.sha256", "SHA-256"),
    "half a hash": (HASH, "aabb", 10, "inference.vendor.cpu_model.sha256", "64 hexadecimal"),
    "a relative path there": ("file: resnet18", "node: resnet18", 6, "inference.vendor.model.node", "absolute"),
    "no number": ("0.01", "little", 9, "inference.vendor.tolerance", "a number"),
    "a negative number": ("0.01", "-1", 9, "inference.vendor.tolerance", "0 or more"),
    "more than all": ("tolerance: 0.01", "correlation: 1.5", 9, "inference.vendor.correlation", "from 0 to 1"),
    "switched on": ("\n  vendor:\n", "\n  mainline: true\n  vendor:\n", 5, "inference.mainline", "a mapping"),
    "a misspelled key": ("tolerance", "tolerence", 9, "inference.vendor.tolerence", "tolerance"),
}


@pytest.mark.parametrize(("old", "new", "line", "key", "says"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_named_by_line_and_key(
    directory: Path, old: str, new: str, line: int, key: str, says: str
) -> None:
    assert old in GOOD
    with pytest.raises(SubjectFileError) as caught:
        read(directory, GOOD.replace(old, new))
    assert f"validation.yaml:{line}: {key}" in str(caught.value)
    assert says in str(caught.value)
