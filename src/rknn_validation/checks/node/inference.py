"""Models that run on the node: their output is compared with a known one, their time with the CPU's."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed, skipped
from rknn_validation.checks.node.driver import stuck
from rknn_validation.checks.node.library import TEFLON
from rknn_validation.checks.node.registry import HARDWARE_CHECKS, NodeUnderTest, Ran
from rknn_validation.common.errors import HarnessError
from rknn_validation.npu.stacks import MAINLINE
from rknn_validation.subject.inference import Inference, Model

NOTHING = "no model is to be run: `inference: false` in the subject file"
NO_PYTHON = "there is no {} on the node to run a model with"
MARK = "RKNN-RESULT "
LOAD_FILE = "/sys/kernel/debug/rknpu/load"
INTERRUPTS = "/proc/interrupts"
_NEWER = re.compile(r"Invalid RKNN model version|incompatible model version", re.IGNORECASE)
# The interpreter that a login shell finds, with what a login shell's environment says of the library.
RUN = 'env -i HOME=/root USER=root "$(command -v bash)" -lc \'exec "$0" -c "$1" "$2"\' %s %s %s'


@HARDWARE_CHECKS.check(
    "inference.golden-output",
    "A model computes the expected output",
    remedy="Compare layout, type and normalisation of the input; then the versions of converter, runtime and driver.",
)
def golden_output(node: NodeUnderTest) -> Answer:
    """The first output is compared with the known one, and the NPU's interrupts are counted; return codes are not."""
    wanted = node.expectation.inference
    if wanted is None:
        return skipped(NOTHING)
    found = measured(node, wanted, runs=1, compare=False)
    if isinstance(found, Answer):
        return found
    result, seen = found
    wrong = wrong_output(result, wanted)
    if wrong:
        return failed(f"{wrong} ({wanted.words})", seen)
    right = f"the output is right within {result['difference']:.4g}"
    if result["interrupts"] == 0:
        return failed(f"{right}, but the NPU raised no interrupt: the CPU computed it ({wanted.words})", seen)
    if result["interrupts"] is None:
        return inconclusive(f"{right}, but {INTERRUPTS} names no NPU: it is unknown what computed it", seen)
    return passed(f"{right}, after {result['interrupts']} interrupts of the NPU ({wanted.words})", seen)


def wrong_output(result: dict[str, Any], wanted: Inference) -> str:
    """What is wrong with the output, "" where nothing is."""
    if "difference" not in result:
        return f"the output has the shape {result['shape']}, the known one {result['expected']}"
    difference, correlation = result["difference"], result["correlation"]
    if difference is None:
        return "the output has values that are not numbers"
    if wanted.correlation is not None and correlation is None:
        return "the output is off: it is the same everywhere"
    if wanted.correlation is not None and correlation < wanted.correlation:
        return f"the output is off: its correlation is {correlation:.3f}, {wanted.correlation:g} is wanted"
    if difference > wanted.tolerance:
        return f"the output is off by {difference:.4g}, {wanted.tolerance:g} is allowed"
    return ""


@HARDWARE_CHECKS.check(
    "inference.faster-than-cpu",
    "The model is faster on the NPU than on the CPU",
    remedy="Check that the provider or delegate is loaded, and watch the load file: a model this slow runs on the CPU.",
)
def faster_than_cpu(node: NodeUnderTest) -> Answer:
    """Median times of NPU and CPU for the same model; the NPU's interrupts and load file while it runs."""
    wanted = node.expectation.inference
    if wanted is None:
        return skipped(NOTHING)
    found = measured(node, wanted, runs=wanted.runs, compare=True)
    if isinstance(found, Answer):
        return found
    result, seen = found
    npu, cpu = float(result["npu_ms"]), result.get("cpu_ms", wanted.cpu_milliseconds)
    interrupts = result["interrupts"]
    if interrupts == 0 or (interrupts is None and result["load"] == 0):
        return failed(f"the NPU was idle while the model ran ({npu:.1f} ms)", seen)
    # The shipped model was never timed on a board: where the NPU is seen at work, a slow run proves nothing.
    lenient = wanted.shipped and bool(interrupts)
    worked = f"the NPU raised {interrupts} interrupts"
    if cpu is None and "cpu_missing" in result:
        missing = f"the node cannot run the model on its processor: no {result['cpu_missing']}"
        return skipped(f"{npu:.1f} ms, {worked}; {missing}") if lenient else inconclusive(missing, seen)
    if cpu is None:
        return skipped("neither cpu_model nor cpu_milliseconds is given to compare with")
    words = f"{npu:.1f} ms, {float(cpu):.1f} ms on the processor"
    if npu * wanted.faster <= float(cpu):
        return passed(f"{words} ({wanted.words})", seen)
    slow = f"{words}: not {wanted.faster:g} times as fast"
    if lenient:
        return skipped(f"{slow}; {worked}, and how fast {wanted.words} is on a board was never measured")
    return failed(f"{slow}, so it may be the CPU that computes", seen)


def measured(
    node: NodeUnderTest, wanted: Inference, *, runs: int = 1, compare: bool = False, **more: Any
) -> tuple[dict[str, Any], Evidence] | Answer:
    """What the runner measured on the node, or the answer where it could not. `more` are further keys of its task."""
    if missing := without_python(node, wanted):
        return missing
    problem, why = stuck(node)
    if problem:
        return inconclusive(f"no model was started, it would freeze the node: {problem}", *why)
    ran = node.run(RUN, wanted.python, runner_text(), json.dumps({**task(node, wanted, runs, compare), **more}))
    return measurement(ran, wanted, ran.lines)


def without_python(node: NodeUnderTest, wanted: Inference) -> Answer | None:
    """The answer where the interpreter that is to run a model is not there."""
    if node.run('"$(command -v bash)" -lc \'command -v "$0"\' %s', wanted.python).rc:
        return skipped(NO_PYTHON.format(wanted.python))
    return None


def measurement(ran: Ran, wanted: Inference, lines: list[str]) -> tuple[dict[str, Any], Evidence] | Answer:
    """The result among the runner's lines of output, or the answer where there is none."""
    seen = Evidence(f"{wanted.python} runner.py", ran.evidence.output)
    result = result_in("\n".join(lines))
    if result is None and ran.rc - 128 in CRASHES:
        return failed(f"the program that ran the model crashed: {crash(ran)}", seen)
    if result is None:
        return inconclusive(f"the model did not run to its end (exit status {ran.rc})", seen)
    if "missing" in result:
        missing = f"{wanted.python} on the node has no {result['missing']}"
        # The shipped model is optional: a node without what it needs is not at fault.
        return skipped(f"{missing} to run {wanted.words} with") if wanted.shipped else inconclusive(missing, seen)
    if "error" in result:
        cause = cause_in(ran.stdout + "\n" + ran.stderr) or result["error"]
        if wanted.shipped and _NEWER.search(cause):
            return skipped(f"the node's runtime is too old for {wanted.words}: {cause}")
        return failed(f"the model does not run: {cause}", seen)
    return result, seen


CRASHES = {4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 11: "SIGSEGV"}
"""Signals of a program that crashed by itself; others were sent to it."""


def crash(ran: Ran) -> str:
    """The signal that ended a program, with what the runtime said of its own version and the model's."""
    said = f"{ran.stdout}\n{ran.stderr}"
    runtime = re.search(r"librknnrt version: *([\d.]+\w*)", said)
    model = re.search(r"toolkit version: *([\d.]+\w*)", said)
    words = [f"{CRASHES[ran.rc - 128]} (exit status {ran.rc})"]
    words += [f"runtime {runtime[1]}"] if runtime else []
    words += [f"model of toolkit {model[1]}"] if model else []
    return ", ".join(words)


def result_in(said: str) -> dict[str, Any] | None:
    """What the runner measured, None where it did not come to its end."""
    told = [line for line in said.splitlines() if line.startswith(MARK)]
    return dict(json.loads(told[-1].removeprefix(MARK))) if told else None


def cause_in(said: str) -> str:
    """The vendor's first error message; Python's exception after it says less."""
    return next((line.strip() for line in said.splitlines() if line.startswith(("E RKNN", "E Catch", "E "))), "")


def task(node: NodeUnderTest, wanted: Inference, runs: int = 1, compare: bool = False) -> dict[str, Any]:
    """What the runner is told; the files that it names are on the node then."""
    mainline = node.expectation.brought_up is MAINLINE
    model = place(node, wanted.model, wanted.python)
    cpu = ""
    if compare and wanted.cpu_milliseconds is None:
        if wanted.cpu_model is not None:
            cpu = place(node, wanted.cpu_model, wanted.python)
        elif mainline:
            cpu = model
    return {
        "stack": node.expectation.brought_up.name,
        "model": model,
        "input": put(node, wanted.input),
        "golden": put(node, wanted.golden),
        "runs": runs,
        "cpu_model": cpu,
        "delegate": TEFLON if mainline else "",
        "load": "" if mainline else LOAD_FILE,
        "interrupts": INTERRUPTS,
    }


def runner_text() -> str:
    """What is sent to the node and run there."""
    try:
        return resources.files(__package__).joinpath("runner.py").read_text(encoding="utf-8")
    except OSError as problem:
        raise HarnessError("the runner is not part of this installation", seen=str(problem)) from problem


PLACE = "/run/rknn-validation/files"
"""Where the files go: gone after a reboot."""
CHUNK = 36 * 1024
"""Bytes that one command carries: as base64 they fit into one argument, and one command of the agent."""

_FETCH = "import sys, urllib.request; urllib.request.urlretrieve(sys.argv[1], sys.argv[2])"


def put(node: NodeUnderTest, path: Path) -> str:
    """The path of the file on the node, which is sent unless it is there already."""
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise HarnessError(f"{path} cannot be read", expected="a readable file", seen=str(problem)) from problem
    digest = hashlib.sha256(content).hexdigest()
    target = f"{PLACE}/{digest}{path.suffix}"
    if _hash(node, target) == digest:
        return target
    part = f"{target}.part"
    node.must(f"mkdir -p {PLACE} && : >%s", part)
    for start in range(0, len(content), CHUNK):
        text = base64.b64encode(content[start : start + CHUNK]).decode()
        node.must("printf %%s %s | base64 -d >>%s", text, part)
    _finish(node, part, target, digest)
    return target


def place(node: NodeUnderTest, model: Model, python: str) -> str:
    """The path of a model on the node, sent or fetched if necessary; its hash is compared if it is known."""
    if model.file is not None:
        if model.sha256 and hashlib.sha256(model.file.read_bytes()).hexdigest() != model.sha256:
            raise HarnessError(f"{model.file} is another file than the one meant", expected=f"SHA-256 {model.sha256}")
        return put(node, model.file)
    if model.node:
        seen = _hash(node, model.node)
        if not seen or (model.sha256 and seen != model.sha256):
            expected = f"SHA-256 {model.sha256}" if model.sha256 else "a readable file on the node"
            raise HarnessError(
                f"the model {model.node} is not the one meant", expected=expected, seen=seen or "nothing"
            )
        return model.node
    target = f"{PLACE}/{model.sha256}{Path(model.url).suffix}"
    if _hash(node, target) != model.sha256:
        node.must(f"mkdir -p {PLACE} && %s -c %s %s %s", python, _FETCH, model.url, f"{target}.part")
        _finish(node, f"{target}.part", target, model.sha256)
    return target


def _hash(node: NodeUnderTest, path: str) -> str:
    words = node.run("sha256sum %s", path).stdout.split()
    return words[0] if words else ""


def _finish(node: NodeUnderTest, part: str, target: str, digest: str) -> None:
    seen = _hash(node, part)
    if seen != digest:
        node.run("rm -f %s", part)
        raise HarnessError(
            "a file did not arrive on the node whole", expected=f"SHA-256 {digest}", seen=seen or "nothing"
        )
    node.must("mv %s %s", part, target)
