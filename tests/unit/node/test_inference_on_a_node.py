"""The model's run: the real runner and the real copying of files, on this machine, with modules that stand in for the
node's numpy and rknnlite."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakehost import LocalHost
from test_hardware_checks import question

from rknn_validation.checks.model import Answer, Status
from rknn_validation.checks.node import HARDWARE_CHECKS, NodeUnderTest, ask, inference, runner
from rknn_validation.subject.inference import Inference, Model

pytestmark = pytest.mark.integration

NUMPY = """
import json, math
class array(list):
    size = property(len)
    shape = property(lambda self: (len(self),))
    def ravel(self): return self
    def astype(self, kind): return array(map(float, self)) if kind == "float64" else self
    def __sub__(self, other): return array(a - b for a, b in zip(self, other))
    def max(self): return sorted(self)[-1]
    def all(self): return False not in self
def load(path): return array(json.load(open(path)))
def asarray(data, dtype): return array(map(float, data))
def abs(data): return array(map(math.fabs, data))
def isfinite(data): return array(map(math.isfinite, data))
"""
API = """
import os, pathlib, time
COUNT = pathlib.Path("INTERRUPTS")
class RKNNLite:
    def load_rknn(self, path):
        self.scale = float(open(path).read()); return 0
    def init_runtime(self):
        if self.scale == 7: print("E RKNN: [00:00:01.000] failed to open rknpu module, need to insmod rknpu dirver!")
        if self.scale == 5: print("E RKNN: [00:00:01.000] Invalid RKNN model version 6")
        return -1 if self.scale in (5, 7) else 0
    def inference(self, inputs):
        time.sleep(SECONDS)
        if self.scale != 6:
            words = COUNT.read_text().split(" ")
            new = COUNT.with_name(f"interrupts-{os.getpid()}")  # another client may be reading
            new.write_text(" ".join([words[0], str(int(words[1]) + 1), *words[2:]]))
            new.replace(COUNT)
        if self.scale == 8: return None
        scale = 2 if self.scale == 6 else self.scale
        return [[value * scale for value in inputs[0]] + ([0.0] if self.scale == 9 else [])]
"""
TFLITE = """
import time
class Interpreter:
    def __init__(self, model_path, experimental_delegates): pass
    def allocate_tensors(self): pass
    def get_input_details(self): return [{"index": 0, "dtype": "float32"}]
    get_output_details = get_input_details
    def set_tensor(self, index, data): self.data = data
    def invoke(self): time.sleep(0.2)
    def get_tensor(self, index): return self.data
"""


# As the kernel writes it, on a board whose NPU shares its line with its IOMMU; the first count is what API raises.
INTERRUPTS = "36: 17 0 5 0 GICv3 142 Level fdab9000.iommu, fdab0000.npu\n40: 99 1 GICv3 33 Level fde80000.hdmi\n"


def api(node: Path, seconds: str = "0") -> str:
    return API.replace("SECONDS", seconds).replace("INTERRUPTS", str(node / "interrupts"))


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a Python that has the modules, a model, its input and its golden output."""
    monkeypatch.setattr(inference, "PLACE", str(tmp_path / "node"))
    (tmp_path / "interrupts").write_text(INTERRUPTS)
    monkeypatch.setattr(inference, "INTERRUPTS", str(tmp_path / "interrupts"))
    modules = tmp_path / "modules"
    for name, text in {
        "numpy": NUMPY,
        "rknnlite/api": api(tmp_path),
        "tflite_runtime/interpreter": TFLITE,
    }.items():
        path = modules / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={modules} exec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    (tmp_path / "model.rknn").write_text("2.0")
    (tmp_path / "input.npy").write_text(json.dumps([1, 2, 3]))
    (tmp_path / "golden.npy").write_text(json.dumps([2, 4, 6.01]))
    return tmp_path


def asked(node: Path, check: str, **more: Any) -> Answer:
    model = Inference(
        Model(file=node / "model.rknn"), node / "input.npy", node / "golden.npy", python=str(node / "python3")
    )
    host: Any = LocalHost()
    whole = question("vendor", inference=replace(model, runs=3, **more))
    return ask(HARDWARE_CHECKS[check], replace(whole, host=host))


def test_the_right_output_passes(node: Path) -> None:
    answer = asked(node, "inference.golden-output")
    assert answer.status is Status.PASS, answer
    assert "0.01" in answer.reason


WRONG = {
    "off": ("2.5", "off by 1.49", Status.FAIL),
    "not a number": ("nan", "not numbers", Status.FAIL),
    "another shape": ("9", "shape [4]", Status.FAIL),
    "no output": ("8", "inference() gives nothing", Status.FAIL),
    "the runtime refuses": ("7", "failed to open rknpu module", Status.FAIL),
}


@pytest.mark.parametrize(("scale", "says", "status"), WRONG.values(), ids=WRONG)
def test_a_wrong_output_fails_despite_successful_return_codes(
    node: Path, scale: str, says: str, status: Status
) -> None:
    (node / "model.rknn").write_text(scale)
    answer = asked(node, "inference.golden-output")
    assert (answer.status, says in answer.reason) == (status, True), answer


def test_without_the_stacks_python_module_it_is_inconclusive(node: Path) -> None:
    (node / "modules/rknnlite/api.py").unlink()
    answer = asked(node, "inference.golden-output")
    assert (answer.status, "has no rknnlite" in answer.reason) == (Status.INCONCLUSIVE, True), answer


def test_without_python_it_is_skipped(node: Path) -> None:
    answer = asked(node, "inference.golden-output", python="no-such-python")
    assert (answer.status, answer.reason) == (Status.SKIP, "there is no no-such-python on the node to run a model with")


def test_a_crash_names_the_signal_and_both_versions(node: Path) -> None:
    said = "RKNN Runtime Information, librknnrt version: 2.3.2, RKNN Model Information, toolkit version: 2.3.0"
    dies = f"import os, signal\nprint('{said}', flush=True)\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    (node / "modules/rknnlite/api.py").write_text(dies)
    answer = asked(node, "inference.golden-output")
    assert answer.status is Status.FAIL
    assert "SIGSEGV (exit status 139), runtime 2.3.2, model of toolkit 2.3.0" in answer.reason


def test_a_run_that_is_killed_is_inconclusive(node: Path) -> None:
    (node / "modules/rknnlite/api.py").write_text("import os\nos.kill(os.getpid(), 9)\n")
    answer = asked(node, "inference.golden-output")
    assert (answer.status, "did not run to its end" in answer.reason) == (Status.INCONCLUSIVE, True), answer


def test_faster_than_the_cpu_passes(node: Path) -> None:
    assert asked(node, "inference.faster-than-cpu", cpu_milliseconds=500.0).status is Status.PASS
    (node / "model.tflite").write_text("")
    assert asked(node, "inference.faster-than-cpu", cpu_model=Model(file=node / "model.tflite")).status is Status.PASS


def test_as_slow_as_the_cpu_fails(node: Path) -> None:
    (node / "modules/rknnlite/api.py").write_text(api(node, "0.02"))
    answer = asked(node, "inference.faster-than-cpu", cpu_milliseconds=20.0)
    assert (answer.status, "may be the CPU" in answer.reason) == (Status.FAIL, True), answer


def test_an_idle_npu_fails_even_if_the_model_is_fast(node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = node / "load"
    load.write_text("NPU load:  Core0:  0%, Core1:  0%, Core2:  0%,\n")
    monkeypatch.setattr("rknn_validation.checks.node.inference.LOAD_FILE", str(load))
    answer = asked(node, "inference.faster-than-cpu", cpu_milliseconds=500.0)
    assert answer.status is Status.PASS, "the NPU raised interrupts: the load file is too coarse for a model so small"
    (node / "model.rknn").write_text("6")
    answer = asked(node, "inference.faster-than-cpu", cpu_milliseconds=500.0)
    assert (answer.status, "idle" in answer.reason) == (Status.FAIL, True), answer
    (node / "interrupts").write_text("")
    answer = asked(node, "inference.faster-than-cpu", cpu_milliseconds=500.0)
    assert (answer.status, "idle" in answer.reason) == (Status.FAIL, True), answer
    load.write_text("NPU load:  Core0: 43%, Core1:  0%, Core2:  0%,\n")
    assert asked(node, "inference.faster-than-cpu", cpu_milliseconds=500.0).status is Status.PASS


def test_the_right_output_computed_by_the_cpu_does_not_pass(node: Path) -> None:
    (node / "model.rknn").write_text("6")
    answer = asked(node, "inference.golden-output")
    assert (answer.status, "raised no interrupt" in answer.reason) == (Status.FAIL, True), answer
    (node / "interrupts").write_text("40: 99 1 GICv3 33 Level fde80000.hdmi\n")
    answer = asked(node, "inference.golden-output")
    assert (answer.status, "it is unknown" in answer.reason) == (Status.INCONCLUSIVE, True), answer


def test_an_output_must_correlate_with_the_known_one(node: Path) -> None:
    assert asked(node, "inference.golden-output", correlation=0.95).status is Status.PASS
    (node / "golden.npy").write_text(json.dumps([4, 2, 6]))
    answer = asked(node, "inference.golden-output", correlation=0.95, tolerance=9.0)
    assert (answer.status, "correlation is 0.500" in answer.reason) == (Status.FAIL, True), answer
    (node / "model.rknn").write_text("0")
    answer = asked(node, "inference.golden-output", correlation=0.95, tolerance=9.0)
    assert (answer.status, "the same everywhere" in answer.reason) == (Status.FAIL, True), answer


def test_a_slow_shipped_model_is_skipped_if_the_npu_worked(node: Path) -> None:
    (node / "modules/rknnlite/api.py").write_text(api(node, "0.02"))
    ours = {"origin": "never compared with a board's", "cpu_milliseconds": 20.0}
    answer = asked(node, "inference.faster-than-cpu", **ours)
    assert (answer.status, "never measured" in answer.reason) == (Status.SKIP, True), answer
    (node / "model.rknn").write_text("6")
    assert asked(node, "inference.faster-than-cpu", **ours).status is Status.FAIL, "an idle NPU is none the less told"
    (node / "interrupts").write_text("")
    assert asked(node, "inference.faster-than-cpu", **ours).status is Status.FAIL, "nothing says that the NPU worked"


def test_the_shipped_model_is_skipped_if_the_node_lacks_what_it_needs(node: Path) -> None:
    for check in ("inference.golden-output", "inference.faster-than-cpu"):
        (node / "model.rknn").write_text("5")
        answer = asked(node, check, origin="ours")
        assert (answer.status, "too old for" in answer.reason) == (Status.SKIP, True), answer
        assert asked(node, check).status is Status.FAIL, "of somebody's own model that is a mistake"
    (node / "model.tflite").write_text("")
    (node / "model.rknn").write_text("2.0")
    (node / "modules/tflite_runtime/interpreter.py").unlink()
    tflite = Model(file=node / "model.tflite")
    answer = asked(node, "inference.faster-than-cpu", origin="ours", cpu_model=tflite)
    assert (answer.status, "no tflite_runtime" in answer.reason) == (Status.SKIP, True), answer
    (node / "modules/rknnlite/api.py").unlink()
    answer = asked(node, "inference.golden-output", origin="ours")
    assert (answer.status, "has no rknnlite" in answer.reason) == (Status.SKIP, True), answer


def test_interrupts_of_all_npu_cores_are_counted_and_no_others(tmp_path: Path) -> None:
    table = tmp_path / "interrupts"
    table.write_text(
        "           CPU0       CPU1\n 40:    99   1   GICv3 33 Level  fde80000.hdmi\n"
        " 41:     3   1   GICv3 142 Level  fdab9000.iommu, fdab0000.npu\n"
        " 42:    10   0   GICv3 143 Level  fdac0000.npu\n 43:  0 7 GICv3 144 Level fdad0000.npu, fdada000.iommu\n"
        "IPI0:  9 9  Rescheduling interrupts\n"
    )
    assert runner.interrupts_of(str(table)) == 21
    table.write_text(" 41:     3   1   GICv3 142 Level  fdab9000.iommu\n")
    assert runner.interrupts_of(str(table)) is None


def test_without_a_time_to_compare_it_is_skipped(node: Path) -> None:
    assert asked(node, "inference.faster-than-cpu").status is Status.SKIP
    (node / "modules/tflite_runtime/interpreter.py").unlink()
    (node / "model.tflite").write_text("")
    answer = asked(node, "inference.faster-than-cpu", cpu_model=Model(file=node / "model.tflite"))
    assert (answer.status, "tflite" in answer.reason) == (Status.INCONCLUSIVE, True), answer


def local(node: Path) -> NodeUnderTest:
    host: Any = LocalHost()
    return replace(question("vendor"), host=host)


def test_a_large_file_arrives_complete_and_is_sent_once(node: Path) -> None:
    big = node / "big.rknn"
    big.write_bytes(bytes(range(256)) * 500)
    target = Path(inference.put(local(node), big))
    assert target.read_bytes() == big.read_bytes()
    before = target.stat().st_mtime_ns
    assert inference.put(local(node), big) == str(target)
    assert target.stat().st_mtime_ns == before
    target.write_text("damaged")
    inference.put(local(node), big)
    assert target.read_bytes() == big.read_bytes()


def test_a_model_with_another_hash_is_not_run(node: Path) -> None:
    for model in (
        Model(file=node / "model.rknn", sha256="a" * 64),
        Model(node=str(node / "model.rknn"), sha256="a" * 64),
        Model(node=str(node / "nowhere.rknn")),
        Model(url=(node / "model.rknn").as_uri(), sha256="a" * 64),
    ):
        answer = asked(node, "inference.golden-output", model=model)
        assert answer.status is Status.INCONCLUSIVE, answer


def test_a_model_on_the_node_or_behind_a_url_is_run(node: Path) -> None:
    digest = inference._hash(local(node), str(node / "model.rknn"))
    for model in (Model(node=str(node / "model.rknn")), Model(url=(node / "model.rknn").as_uri(), sha256=digest)):
        assert asked(node, "inference.golden-output", model=model).status is Status.PASS
