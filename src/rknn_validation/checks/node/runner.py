# ruff: noqa: UP006, UP035, UP045 - the node's Python may be older than the harness's
"""Runs one model on a node and prints what came of it. Sent to the node as it is: nothing but the standard library,
numpy and the stack's own Python API, Python 3.7 or later.

Argument: a JSON object with stack, model, input, golden, runs, and cpu_model, delegate, load, interrupts (paths or "").
Prints one line `RKNN-RESULT {...}`: shape, difference (largest, absolute), correlation (linear, null where the output
is the same everywhere), npu_ms and cpu_ms (medians), load (largest percentage seen while it ran), interrupts (how many
the NPU raised meanwhile, null where none are counted); or `missing` (a module that is not there) or `error`.

With `seconds`, the model runs again and again for so long instead: outputs (how many different ones), runs, first_ms,
last_ms (medians of the first and the last tenth), held (open files, kB of memory and kernel buffers after the first
tenth and at the end), seen (readings meanwhile, by name), interrupts by core. `cores` is the vendor's core mask; `beat`
names a file: once nobody has touched it for BEAT seconds, nobody waits for the result any more.
"""

import hashlib
import importlib
import json
import math
import operator
import re
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

Run = Callable[[Any], Any]
BEAT = 120.0
"""Seconds without a sign of life after which a long run ends by itself."""
WATCHED = {
    "frequency": "class/devfreq/*.npu/cur_freq",
    "max_freq": "class/devfreq/*.npu/max_freq",
    "governor": "class/devfreq/*.npu/governor",
    "clock": "kernel/debug/clk/scmi_clk_npu/clk_rate",
    "load": "kernel/debug/rknpu/load",
    "buffers": "kernel/debug/dma_buf/bufinfo",
}
"""What is read below /sys while a model runs, by name."""
WINDOW = 2.5
"""Seconds: the driver writes its load down once a second, for the second before."""


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


def rknn(path: str, cores: int = 0) -> Run:
    """A function that runs a .rknn model on the NPU; `cores` is a mask, 0 for any."""
    api = importlib.import_module("rknnlite.api").RKNNLite()
    if api.load_rknn(path) != 0:
        raise RuntimeError("load_rknn() fails")
    if (api.init_runtime(core_mask=cores) if cores else api.init_runtime()) != 0:
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


def interrupts_of(path: str) -> Optional[int]:
    """How many interrupts the NPU's cores have raised so far; both drivers ask for them by the device's name."""
    found = interrupts_by_core(path)
    return sum(found.values()) if found else None


def interrupts_by_core(path: str) -> Dict[str, int]:
    """Those of each line of the NPU's, by the device's name; the vendor's three lines may have one name."""
    lines = Path(path).read_text().splitlines() if path else []
    found: Dict[str, int] = {}
    for line in lines:
        device = re.search(r"\bfda[bcd]0000\.npu\b", line)
        if device:
            # A number for each processor, then the controller's name and the number there.
            words = line.split(":")[1].split()
            found[device[0]] = found.get(device[0], 0) + sum(map(int, words[: _numbers(words)]))
    return found


def _numbers(words: List[str]) -> int:
    return next((place for place, word in enumerate(words) if not word.isdigit()), len(words))


def correlation(one: List[float], other: List[float]) -> Optional[float]:
    """How well two lists go together, 1 at best. Unlike a largest difference, it is low for any wrong layout."""
    means = math.fsum(one) / len(one), math.fsum(other) / len(other)
    left, right = [value - means[0] for value in one], [value - means[1] for value in other]
    spread = math.fsum(value * value for value in left) * math.fsum(value * value for value in right)
    return math.fsum(map(operator.mul, left, right)) / math.sqrt(spread) if spread else None


def median_ms(run: Run, data: Any, runs: int, load: str = "") -> Tuple[float, Optional[int]]:
    """The median time of one run in milliseconds, and the largest load seen meanwhile.

    A small model is done before the load is written down: it runs on until it was seen, for WINDOW seconds at most.
    """
    times: List[float] = []
    seen, begun = load_of(load) if load else None, time.perf_counter()
    while len(times) < runs or (runs > 1 and seen == 0 and time.perf_counter() - begun < WINDOW):
        before = time.perf_counter()
        run(data)
        times.append((time.perf_counter() - before) * 1000)
        if seen is not None:
            seen = max(seen, load_of(load) or 0)
    return sorted(times)[len(times) // 2], seen


def reading_paths(sys: str) -> Dict[str, Path]:
    """The files to watch that there are, by name."""
    found = {name: path for name, pattern in WATCHED.items() for path in Path(sys).glob(pattern)}
    for zone in Path(sys).glob("class/thermal/thermal_zone*/type"):
        if "npu" in text_of(zone):
            found["temperature"] = zone.parent / "temp"
    return found


def text_of(path: Path) -> str:
    """What a file has in it, "" where it cannot be read."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def held(readings: Dict[str, str]) -> Dict[str, Optional[int]]:
    """What this process holds: open files and kB of memory; and buffers of all processes, as the kernel counts them."""
    memory = re.search(r"VmRSS:\s+(\d+)", text_of(Path("/proc/self/status")))
    buffers = re.search(r"Total (\d+) objects", readings.get("buffers", ""))
    return {
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "memory": int(memory[1]) if memory else None,
        "buffers": int(buffers[1]) if buffers else None,
    }


def sustain(run: Run, data: Any, task: Dict[str, Any]) -> Dict[str, Any]:
    """Run for `seconds`, and watch meanwhile."""
    files, outputs, times = reading_paths(task["sys"]), set(), []
    seen: Dict[str, List[str]] = {}
    before, begun, looked, early = interrupts_by_core(task["interrupts"]), time.monotonic(), -1.0, None
    while True:
        at = time.perf_counter()
        output = run(data)
        times.append((time.perf_counter() - at) * 1000)
        whole = output.tobytes() if hasattr(output, "tobytes") else repr(output).encode()
        outputs.add(hashlib.sha256(whole).hexdigest())
        passed = time.monotonic() - begun
        if passed - looked >= task["every"] or passed >= task["seconds"]:
            looked, readings = passed, {name: text_of(path) for name, path in files.items()}
            for name, text in readings.items():
                if name != "buffers" and text not in seen.setdefault(name, []):
                    seen[name].append(text)
            if early is None and passed >= task["seconds"] / 10:
                early = held(readings)
            if passed >= task["seconds"] or (task["beat"] and time.time() - Path(task["beat"]).stat().st_mtime > BEAT):
                break
    after, tenth = interrupts_by_core(task["interrupts"]), max(1, len(times) // 10)
    return {
        "runs": len(times),
        "seconds": passed,
        "outputs": len(outputs),
        "first_ms": sorted(times[:tenth])[tenth // 2],
        "last_ms": sorted(times[-tenth:])[tenth // 2],
        "median_ms": sorted(times)[len(times) // 2],
        "held": [early, held(readings)],
        "seen": seen,
        "by_core": {name: count - before.get(name, 0) for name, count in after.items()},
    }


def measure(task: Dict[str, Any]) -> Dict[str, Any]:
    """All that is asked, as one object."""
    numpy = importlib.import_module("numpy")
    data, golden = numpy.load(task["input"]), numpy.load(task["golden"])
    vendor = task["stack"] == "vendor"
    run = rknn(task["model"], task.get("cores", 0)) if vendor else tflite(task["model"], task["delegate"])
    before = interrupts_of(task["interrupts"])
    output = numpy.asarray(run(data), dtype="float64")
    result: Dict[str, Any] = {"shape": list(output.shape), "expected": list(golden.shape)}
    if output.size == golden.size:
        known = golden.ravel().astype("float64")
        distance = numpy.abs(output.ravel() - known)
        finite = bool(numpy.isfinite(distance).all())
        result["difference"] = float(distance.max()) if finite else None
        result["correlation"] = correlation(list(output.ravel()), list(known)) if finite else None
    if task.get("seconds"):
        return {**result, **sustain(run, data, task)}
    result["npu_ms"], result["load"] = median_ms(run, data, task["runs"], task["load"])
    after = interrupts_of(task["interrupts"])
    result["interrupts"] = None if before is None or after is None else after - before
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
