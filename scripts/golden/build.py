"""Makes the models the project ships (src/rknn_validation/npu/models), and what has to come out of them.

    python3.11 -m venv convert
    convert/bin/pip install 'rknn-toolkit2==2.3.2' 'onnx==1.16.1' 'setuptools<81' 'tflite-runtime==2.14.0'
    convert/bin/python scripts/golden/build.py            write them
    convert/bin/python scripts/golden/build.py --check    make them again, and exit 1 where the outputs are others

The network is `network.py`. The vendor's converter quantises it with the very input it is run with, and its simulator
says what comes out; for mainline that is TensorFlow Lite's reference kernels. ONNX Runtime computes the network in
floating point, so that it is known that both are about right. No NPU had a part in any of it.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent)]

from network import OUTPUT_SCALE, OUTPUT_ZERO, layers, picture  # noqa: E402
from onnxfile import onnx  # noqa: E402
from plain import array  # noqa: E402
from tflitefile import tflite  # noqa: E402

TARGET = Path(__file__).resolve().parents[2] / "src" / "rknn_validation" / "npu" / "models"
NAME = "golden-1"
PACKAGES = ("rknn-toolkit2", "onnx", "onnxruntime", "tflite-runtime", "numpy")
LEAST = 0.98
"""How well each quantised output has to go with the one in floating point for the models to be worth shipping."""
CORRELATION = 0.95
"""What is asked of nodes. Every value between all layers off by one leaves 0.96; an input one pixel off, 0.1."""
TOLERANCE = 4.0
"""The largest difference of one value: half of what the output reaches. It is there to see a wrong scale."""


def main() -> int:
    """Make everything in a directory of its own, then compare or copy."""
    made = Path(tempfile.gettempdir()) / "rknn-validation-golden"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    os.chdir(made)
    facts = _make(made)
    (made / f"{NAME}.json").write_text(json.dumps(facts, indent=2) + "\n")
    print(json.dumps(facts, indent=2))
    if sys.argv[1:] == ["--check"]:
        return _compare(made)
    TARGET.mkdir(exist_ok=True)
    for name in _shipped(facts):
        shutil.copyfile(made / name, TARGET / name)
    return 0


def _make(made: Path) -> dict[str, Any]:
    numpy = importlib.import_module("numpy")
    network = layers()
    (made / f"{NAME}.onnx").write_bytes(onnx(network))
    (made / f"{NAME}.tflite").write_bytes(tflite(network))
    (made / f"{NAME}-input.npy").write_bytes(array((1, 224, 224, 3), picture()))
    pixels = numpy.load(f"{NAME}-input.npy")
    exact = _in_floating_point(pixels)
    vendor = _simulated(pixels)
    numpy.save(f"{NAME}-rknn-output.npy", vendor)
    mainline = _referred(pixels)
    numpy.save(f"{NAME}-tflite-output.npy", mainline)
    values = (mainline.transpose(0, 3, 1, 2).astype("float32") - OUTPUT_ZERO) * OUTPUT_SCALE
    goes_with = {"vendor": _correlation(exact, vendor), "mainline": _correlation(exact, values)}
    if min(goes_with.values()) < LEAST:
        sys.exit(f"a quantised model computes something else than the network: {goes_with}")
    return {
        "name": NAME,
        "multiplications": sum(layer.multiplications for layer in network),
        "made with": {name: importlib.metadata.version(name) for name in PACKAGES},
        "onnx": _file(f"{NAME}.onnx"),
        "input": _file(f"{NAME}-input.npy"),
        "vendor": {
            "model": _file(f"{NAME}.rknn"),
            "golden": _file(f"{NAME}-rknn-output.npy"),
            "golden from": "the converter's simulator",
            "correlation with floating point": goes_with["vendor"],
            "correlation": CORRELATION,
            "tolerance": TOLERANCE,
        },
        "mainline": {
            "model": _file(f"{NAME}.tflite"),
            "golden": _file(f"{NAME}-tflite-output.npy"),
            "golden from": "TensorFlow Lite's reference kernels on a processor",
            "correlation with floating point": goes_with["mainline"],
            "correlation": CORRELATION,
            "tolerance": TOLERANCE / OUTPUT_SCALE,
        },
    }


def _in_floating_point(pixels: Any) -> Any:
    session = importlib.import_module("onnxruntime").InferenceSession(f"{NAME}.onnx")
    return session.run(None, {"input": (pixels.transpose(0, 3, 1, 2).astype("float32") - 128) / 128})[0]


def _simulated(pixels: Any) -> Any:
    importlib.import_module("numpy").save("sample.npy", pixels.transpose(0, 3, 1, 2))
    Path("samples.txt").write_text("sample.npy\n")
    rknn = importlib.import_module("rknn.api").RKNN()
    rknn.config(mean_values=[[128] * 3], std_values=[[128] * 3], target_platform="rk3588")
    for step in (
        lambda: rknn.load_onnx(model=f"{NAME}.onnx"),
        lambda: rknn.build(do_quantization=True, dataset="samples.txt"),
        lambda: rknn.export_rknn(f"{NAME}.rknn"),
        rknn.init_runtime,
    ):
        if step() != 0:
            sys.exit("the converter failed; its reason is above")
    return rknn.inference(inputs=[pixels], data_format=["nhwc"])[0]


def _referred(pixels: Any) -> Any:
    module = importlib.import_module("tflite_runtime.interpreter")
    interpreter = module.Interpreter(
        model_path=f"{NAME}.tflite", experimental_op_resolver_type=module.OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).copy()


def _correlation(one: Any, other: Any) -> float:
    found = importlib.import_module("numpy").corrcoef(one.ravel(), other.ravel())[0, 1]
    return round(float(found), 4)


def _file(name: str) -> dict[str, str]:
    return {"file": name, "sha256": hashlib.sha256(Path(name).read_bytes()).hexdigest()}


def _shipped(facts: dict[str, Any]) -> list[str]:
    stacks = [facts["vendor"], facts["mainline"]]
    files = [facts["input"], *(stack[kind] for stack in stacks for kind in ("model", "golden"))]
    return [*(one["file"] for one in files), f"{NAME}.json"]


def _compare(made: Path) -> int:
    """The converter writes memory it never set into a model, addresses among it: that file differs each time."""
    known = json.loads((TARGET / f"{NAME}.json").read_text())
    names = [name for name in _shipped(known) if not name.endswith(".json")]
    differ = [name for name in names if (made / name).read_bytes() != (TARGET / name).read_bytes()]
    print("other bytes:", ", ".join(differ) or "none")
    return int(any(not name.endswith(".rknn") for name in differ))


if __name__ == "__main__":
    sys.exit(main())
