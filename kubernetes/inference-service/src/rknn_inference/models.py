"""A model that runs on the NPU: Rockchip's `.rknn` with RKNNLite, `.tflite` with TFLite and Mesa's Teflon.

Neither falls back to the processor in silence: a model of which nothing was handed to the NPU is refused.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Protocol

import numpy

Array = numpy.ndarray[Any, Any]
TEFLON = ("/run/opengl-driver/lib/libteflon.so", "/usr/lib/libteflon.so", "/usr/lib/aarch64-linux-gnu/libteflon.so")
INTERPRETERS = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter", "tensorflow.lite.python.interpreter")
FETCH_SECONDS = 60
CHUNK = 1 << 20


class ModelError(Exception):
    """The model cannot be had, or does not run on the NPU; the text says what to do."""


class Model(Protocol):
    """A loaded model. `shape` is height, width and channels of its input."""

    shape: tuple[int, int, int]

    def run(self, image: Array) -> Array:
        """Scores of the classes for an image of uint8 in (height, width, channels). Raises ModelError."""


def fetched(source: str, sha256: str, folder: Path) -> Path:
    """A model file, by its path or address; the hash is checked either way where there is one. Raises ModelError."""
    if not source.startswith(("http://", "https://")):
        path = Path(source)
        if not path.is_file():
            raise ModelError(f"{source}: no such file")
        _check(path, sha256)
        return path
    if not sha256:
        raise ModelError(f"{source}: an address needs --sha256, for what it leads to can change")
    target = folder / f"{sha256[:16]}-{source.rstrip('/').rpartition('/')[2]}"
    if target.exists():
        _check(target, sha256)
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as part:
        try:
            with urllib.request.urlopen(source, timeout=FETCH_SECONDS) as answer:
                while chunk := answer.read(CHUNK):
                    part.write(chunk)
            part.flush()
            _check(Path(part.name), sha256)
            Path(part.name).rename(target)
        except (OSError, urllib.error.URLError) as problem:
            raise ModelError(f"{source}: {problem}") from problem
        finally:
            Path(part.name).unlink(missing_ok=True)
    return target


def _check(path: Path, sha256: str) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if sha256 and digest != sha256:
        raise ModelError(f"{path.name}: expected SHA-256 {sha256}, seen {digest}")


def load(path: Path, cores: str = "auto", size: int = 224) -> Model:
    """The model, ready to run. `size` is the input's where a `.rknn` model does not say. Raises ModelError."""
    if path.suffix == ".rknn":
        return VendorModel(path, cores, size)
    if path.suffix == ".tflite":
        return MainlineModel(path)
    raise ModelError(f"{path.name}: expected a model that ends in .rknn (vendor) or .tflite (mainline)")


class VendorModel:
    """Rockchip's runtime. It has no way to run on the processor."""

    def __init__(self, path: Path, cores: str, size: int) -> None:
        try:
            api = importlib.import_module("rknnlite.api")
        except ImportError as problem:
            raise ModelError(f"rknn-toolkit-lite2 is not installed: {problem}") from problem
        self.shape = (size, size, 3)
        self._runtime = api.RKNNLite()
        masks = {"auto": "NPU_CORE_AUTO", "all": "NPU_CORE_0_1_2", **{str(n): f"NPU_CORE_{n}" for n in range(3)}}
        if self._runtime.load_rknn(str(path)) != 0:
            raise ModelError(
                f"{path.name}: the runtime cannot load it; was it converted for RK3588 by a newer release?"
            )
        try:
            status = self._runtime.init_runtime(core_mask=getattr(api.RKNNLite, masks[cores]))
        except Exception as problem:
            hint = "is librknnrt.so at /usr/lib, and the device tree readable (procMount: Unmasked)?"
            raise ModelError(f"the runtime does not start: {problem}; {hint}") from problem
        if status != 0:
            raise ModelError(f"the runtime does not start: status {status}; can this user open the NPU's device node?")

    def run(self, image: Array) -> Array:
        """See Model."""
        outputs = self._runtime.inference(inputs=[image[numpy.newaxis]])
        if not outputs:
            raise ModelError("the runtime gave no output; the kernel's log says whether the job timed out")
        return numpy.asarray(outputs[0], dtype=numpy.float32).reshape(-1)


class MainlineModel:
    """TFLite with Mesa's delegate. Where that takes nothing, TFLite would run the whole model on the processor."""

    def __init__(self, path: Path, library: str = os.environ.get("TEFLON", "")) -> None:
        tflite = _interpreter()
        library = library or next((one for one in TEFLON if Path(one).exists()), "")
        if not library:
            raise ModelError(f"libteflon.so is not there; looked at {', '.join(TEFLON)} and $TEFLON")
        try:
            delegate = tflite.load_delegate(library)
            self._interpreter = interpreter(path, [delegate], tflite)
        except (OSError, ValueError, RuntimeError) as problem:
            raise ModelError(f"{library}: {problem}; can this user open /dev/accel/accel0?") from problem
        if not delegated(self._interpreter):
            raise ModelError(f"{path.name}: the NPU takes none of its operators: it would run on the processor")
        (self._input,), (self._output, *_) = (
            self._interpreter.get_input_details(),
            self._interpreter.get_output_details(),
        )
        _, height, width, channels = (int(number) for number in self._input["shape"])
        self.shape = (height, width, channels)

    def run(self, image: Array) -> Array:
        """See Model."""
        tensor = _quantised(image, self._input["dtype"])
        self._interpreter.set_tensor(self._input["index"], tensor[numpy.newaxis])
        try:
            self._interpreter.invoke()
        except RuntimeError as problem:
            raise ModelError(f"the delegate failed: {problem}") from problem
        scores = self._interpreter.get_tensor(self._output["index"]).reshape(-1).astype(numpy.float32)
        scale, zero = self._output["quantization"]
        found: Array = (scores - zero) * scale if scale else scores
        return found


def interpreter(path: Path, delegates: list[Any], tflite: Any) -> Any:
    """A TFLite interpreter with these delegates and no other: its own for the processor would look like one."""
    kind = tflite.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    made = tflite.Interpreter(str(path), experimental_delegates=delegates, experimental_op_resolver_type=kind)
    made.allocate_tensors()
    return made


def delegated(made: Any) -> bool:
    """Whether a delegate has taken any operator of an interpreter: it then stands among them as one of its own."""
    return any(one["op_name"] == "DELEGATE" for one in made._get_ops_details())


def _interpreter() -> Any:
    for name in INTERPRETERS:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise ModelError(f"no TFLite interpreter is installed: expected one of {', '.join(INTERPRETERS)}")


def _quantised(image: Array, kind: Any) -> Array:
    """An image of uint8 as the model's input: int8 is the same shifted, floating point is 0 to 1."""
    if kind == numpy.int8:
        return (image.astype(numpy.int16) - 128).astype(numpy.int8)
    if kind == numpy.uint8:
        return image
    return image.astype(kind) / 255
