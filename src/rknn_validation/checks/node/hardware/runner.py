# ruff: noqa: UP006, UP035, UP045 - the node's Python may be older than the harness's
"""Runs one model on a node and prints what came of it. Sent to the node as it is: nothing but the standard library,
numpy and the stack's own Python API, Python 3.7 or later.

Argument: a JSON object with stack, model, input, golden, runs, and cpu_model, delegate, load (paths, or "").
Prints one line `RKNN-RESULT {...}`: shape, difference (largest, absolute), npu_ms and cpu_ms (medians), load (largest
percentage seen while it ran); or `missing` (a module that cannot be imported) or `error`.
"""

import importlib
import json
import re
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Tuple

Run = Callable[[Any], Any]


def tflite(path: str, delegate: str = "") -> Run:
    """A function that runs a .tflite model, on the NPU where a delegate is given."""
    names = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter", "tensorflow.lite.python.interpreter")
    for name in names:
        try:
            module = importlib.import_module(name)
            break
        except ImportError:
            continue
    else:
        raise ImportError("tflite_runtime or ai_edge_litert")
    delegates = [module.load_delegate(delegate)] if delegate else None
    interpreter = module.Interpreter(model_path=path, experimental_delegates=delegates)
    interpreter.allocate_tensors()
    given, wanted = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def run(data: Any) -> Any:
        interpreter.set_tensor(given["index"], data.astype(given["dtype"]))
        interpreter.invoke()
        return interpreter.get_tensor(wanted["index"]).copy()

    return run


def onnx(path: str) -> Run:
    """A function that runs an .onnx model on the processor."""
    session = importlib.import_module("onnxruntime").InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda data: session.run(None, {session.get_inputs()[0].name: data.astype("float32")})[0]


def rknn(path: str) -> Run:
    """A function that runs a .rknn model on the NPU."""
    api = importlib.import_module("rknnlite.api").RKNNLite()
    if api.load_rknn(path) != 0:
        raise RuntimeError("load_rknn() fails")
    if api.init_runtime() != 0:
        raise RuntimeError("init_runtime() fails")

    def run(data: Any) -> Any:
        outputs = api.inference(inputs=[data])
        if not outputs:
            raise RuntimeError("inference() gives nothing")
        return outputs[0]

    return run


def on_cpu(path: str) -> Run:
    """The same model on the processor."""
    return onnx(path) if path.endswith(".onnx") else tflite(path)


def load_of(path: str) -> Optional[int]:
    """The largest load of a core in percent, None where the driver does not tell."""
    try:
        found = re.findall(r"Core\d: *(\d+)%", Path(path).read_text())
    except OSError:
        return None
    return max(map(int, found)) if found else None


def median_ms(run: Run, data: Any, runs: int, load: str = "") -> Tuple[float, Optional[int]]:
    """The median time of one run in milliseconds, and the largest load seen meanwhile."""
    times, loads = [], []
    for _ in range(runs):
        begun = time.perf_counter()
        run(data)
        times.append((time.perf_counter() - begun) * 1000)
        loads.append(load_of(load) if load else None)
    seen = [one for one in loads if one is not None]
    return sorted(times)[len(times) // 2], max(seen) if seen else None


def measure(task: Dict[str, Any]) -> Dict[str, Any]:
    """All that is asked, as one object."""
    numpy = importlib.import_module("numpy")
    data, golden = numpy.load(task["input"]), numpy.load(task["golden"])
    run = rknn(task["model"]) if task["stack"] == "vendor" else tflite(task["model"], task["delegate"])
    output = numpy.asarray(run(data), dtype="float64")
    result: Dict[str, Any] = {"shape": list(output.shape), "expected": list(golden.shape)}
    if output.size == golden.size:
        distance = numpy.abs(output.ravel() - golden.ravel().astype("float64"))
        result["difference"] = float(distance.max()) if numpy.isfinite(distance).all() else None
    result["npu_ms"], result["load"] = median_ms(run, data, task["runs"], task["load"])
    if task["cpu_model"]:
        try:
            result["cpu_ms"] = median_ms(on_cpu(task["cpu_model"]), data, task["runs"])[0]
        except ImportError as error:
            result["cpu_missing"] = str(error.name or error)
    return result


def main() -> None:
    """Print the result, whatever happens."""
    try:
        result = measure(json.loads(sys.argv[1]))
    except ImportError as error:
        result = {"missing": str(error.name or error), "error": str(error)}
    except Exception as error:
        result = {"error": f"{type(error).__name__}: {error}"}
    print("\nRKNN-RESULT " + json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
