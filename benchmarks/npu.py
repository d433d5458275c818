"""Measures the emulated NPU in one run: a boot to its first inference, a restored one, and what the model takes of it.

    python benchmarks/npu.py

Prints one line per measurement with its target, and fails where a target is missed. The boot is a real one each time
(its tree carries a nonce).
"""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from rknn_validation.common.cache import Cache
from rknn_validation.common.deadline import Deadline
from rknn_validation.machine.emulator import Emulator, Identity, Machine
from rknn_validation.machine.moduletree import module_tree
from rknn_validation.machine.standins import TFLITE_PYTHON, TFLITE_SCRIPT
from rknn_validation.machine.tree import Entry, File
from rknn_validation.npu.boards import BOARDS
from rknn_validation.npu.stacks import MAINLINE
from rknn_validation.subject.inference import shipped

FILES = "/usr/share/benchmark"
RUNS = 3
SCRIPT = f"""
import json, time
import numpy
from ai_edge_litert.interpreter import Interpreter, load_delegate
delegate = load_delegate("{FILES}/libteflon.so")
interpreter = Interpreter("{FILES}/model", experimental_delegates=[delegate])
interpreter.allocate_tensors()
target = interpreter.get_input_details()[0]["index"], numpy.load("{FILES}/input")
output = interpreter.get_output_details()[0]["index"]
golden = numpy.load("{FILES}/golden").astype(int)
times = []
for _ in range({RUNS}):
    interpreter.set_tensor(*target)
    started = time.monotonic()
    interpreter.invoke()
    times.append(time.monotonic() - started)
    off = abs(interpreter.get_tensor(output).astype(int).reshape(golden.shape) - golden).max()
print(json.dumps([times, int(off)]))
"""


def soon() -> Deadline:
    """Enough for anything measured here."""
    return Deadline.after(600, "the benchmark")


def tree(emulator: Emulator) -> Mapping[str, Entry]:
    """The driver, the delegate, the shipped model and the script."""
    model = shipped("mainline")
    assert model.model.file is not None
    image = emulator.image(soon())
    files = {"model": model.model.file, "input": model.input, "golden": model.golden, "libteflon.so": image.teflon}
    return {
        **module_tree(image, [MAINLINE.module], soon()),
        **{f"{FILES}/{name}": File(path.read_bytes()) for name, path in files.items()},
        f"{FILES}/run.py": File(SCRIPT.encode()),
        TFLITE_PYTHON: File(TFLITE_SCRIPT.encode(), 0o755),
        "/etc/benchmark": File(secrets.token_bytes(16)),
    }


def infer(machine: Machine) -> float:
    """Seconds from the first to the last layer of an inference, on this computer's clock."""
    done = machine.run(f"{TFLITE_PYTHON} {FILES}/run.py", deadline=soon())
    assert done.rc == 0, done.stderr.decode()
    _, off = json.loads(done.stdout)
    assert off <= 64, f"the output is off by {off}"
    assert machine.npu is not None
    layers = machine.npu.said("layer")
    ends = [event["at"] for event in layers]
    per_run = len(ends) // RUNS
    last = ends[-per_run:]
    return last[-1] - last[0]


def main() -> int:
    """Measure, print, and return 1 where a target is missed."""
    with Emulator(Cache(), lambda line: None) as emulator:
        identity = Identity(BOARDS["orangepi-5-plus"], MAINLINE)
        laid = tree(emulator)
        started = time.monotonic()
        snapshot = emulator.snapshot(identity, laid, soon())
        with snapshot.restore(soon()) as machine:
            infer(machine)
        cold = time.monotonic() - started
        started = time.monotonic()
        with snapshot.restore(soon()) as machine:
            inference = infer(machine)
            restored = time.monotonic() - started
            memory = _proportional(machine.pid)
    rows = [
        ("boot to the first inferences", f"{cold:.1f} s", True),
        ("restored to the same", f"{restored:.1f} s, {cold / restored:.1f} times as fast", cold > 2 * restored),
        ("one inference of the shipped model", f"{inference:.2f} s (0.7)", inference < 0.7),
        ("memory of the board", f"{memory // 1024**2} MiB (600)", memory < 600 * 1024**2),
    ]
    for name, value, good in rows:
        print(f"{'ok  ' if good else 'MISS'}  {name}: {value}")
    return 0 if all(good for _, _, good in rows) else 1


def _proportional(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    sys.exit(main())
