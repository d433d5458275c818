"""A model that really runs: its output is compared with a known one, its time with the processor's."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed, skipped
from rknn_validation.checks.node.hardware.files import place, put
from rknn_validation.checks.node.library import TEFLON
from rknn_validation.checks.node.question import HARDWARE_CHECKS, Question, Ran
from rknn_validation.common.errors import HarnessError
from rknn_validation.npu.stacks import MAINLINE
from rknn_validation.subject.inference import Inference

NOTHING = "no model is to be run: `inference: false` in the subject file"
NO_PYTHON = "there is no {} on the node to run a model with"
MARK = "RKNN-RESULT "
LOAD_FILE = "/sys/kernel/debug/rknpu/load"
INTERRUPTS = "/proc/interrupts"
_NEWER = re.compile(r"Invalid RKNN model version|incompatible model version", re.IGNORECASE)
# The interpreter that a login shell finds, with what a login shell's environment says of the library.
_RUN = 'env -i HOME=/root USER=root "$(command -v bash)" -lc \'exec "$0" -c "$1" "$2"\' %s %s %s'


@HARDWARE_CHECKS.check(
    "inference.golden-output",
    stage="inference",
    title="does a model compute what it should?",
    remedy="compare layout, type and normalisation of the input; then versions of converter, runtime and driver",
)
def golden_output(question: Question) -> Answer:
    """The first output against the known one, and the NPU's interrupts meanwhile. Return codes are not trusted."""
    wanted = question.expectation.inference
    if wanted is None:
        return skipped(NOTHING)
    found = _measured(question, wanted, runs=1, compare=False)
    if isinstance(found, Answer):
        return found
    result, seen = found
    wrong = _wrong(result, wanted)
    if wrong:
        return failed(f"{wrong} ({wanted.words})", seen)
    right = f"the output is right within {result['difference']:.4g}"
    if result["interrupts"] == 0:
        return failed(f"{right}, but the NPU raised no interrupt: the processor computed it ({wanted.words})", seen)
    if result["interrupts"] is None:
        return inconclusive(f"{right}, but {INTERRUPTS} names no NPU: who computed it cannot be told", seen)
    return passed(f"{right}, after {result['interrupts']} interrupts of the NPU ({wanted.words})", seen)


def _wrong(result: dict[str, Any], wanted: Inference) -> str:
    """What is wrong with the output, "" where nothing is."""
    if "difference" not in result:
        return f"the output has the shape {result['shape']}, the known one {result['expected']}"
    difference, correlation = result["difference"], result["correlation"]
    if difference is None:
        return "the output has values that are no numbers"
    if wanted.correlation is not None and correlation is None:
        return "the output is off: it is the same everywhere"
    if wanted.correlation is not None and correlation < wanted.correlation:
        return f"the output is off: its correlation is {correlation:.3f}, {wanted.correlation:g} is wanted"
    if difference > wanted.tolerance:
        return f"the output is off by {difference:.4g}, {wanted.tolerance:g} is allowed"
    return ""


@HARDWARE_CHECKS.check(
    "inference.faster-than-cpu",
    stage="inference",
    title="is the model faster than on the processor?",
    remedy="as slow as the processor is the processor: see that provider or delegate are loaded, and the load file",
)
def faster_than_cpu(question: Question) -> Answer:
    """Median time against the processor's for the same model; the NPU's interrupts and load file while it runs."""
    wanted = question.expectation.inference
    if wanted is None:
        return skipped(NOTHING)
    found = _measured(question, wanted, runs=wanted.runs, compare=True)
    if isinstance(found, Answer):
        return found
    result, seen = found
    npu, cpu = float(result["npu_ms"]), result.get("cpu_ms", wanted.cpu_milliseconds)
    interrupts = result["interrupts"]
    if interrupts == 0 or (interrupts is None and result["load"] == 0):
        return failed(f"the NPU was idle while the model ran ({npu:.1f} ms)", seen)
    # Of a shipped model nobody knows the time on a board: where the NPU is seen at work, being slow proves nothing.
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
    return failed(f"{slow}, so it may be the processor that computes", seen)


def _measured(
    question: Question, wanted: Inference, *, runs: int, compare: bool
) -> tuple[dict[str, Any], Evidence] | Answer:
    """What the runner on the node measured, or the answer where it could not."""
    if question.run('"$(command -v bash)" -lc \'command -v "$0"\' %s', wanted.python).rc:
        return skipped(NO_PYTHON.format(wanted.python))
    ran = question.run(_RUN, wanted.python, _runner(), json.dumps(_task(question, wanted, runs, compare)))
    told = [line for line in ran.lines if line.startswith(MARK)]
    seen = Evidence(f"{wanted.python} runner.py", ran.evidence.output)
    if not told:
        return inconclusive(f"the model did not run to its end (exit status {ran.rc})", seen)
    result: dict[str, Any] = json.loads(told[-1].removeprefix(MARK))
    if "missing" in result:
        missing = f"{wanted.python} on the node has no {result['missing']}"
        # Nobody asked for the shipped model: a node without what it needs is as good as it was.
        return skipped(f"{missing} to run {wanted.words} with") if wanted.shipped else inconclusive(missing, seen)
    if "error" in result:
        cause = _cause(ran) or result["error"]
        if wanted.shipped and _NEWER.search(cause):
            return skipped(f"the node's runtime is too old for {wanted.words}: {cause}")
        return failed(f"the model does not run: {cause}", seen)
    return result, seen


def _cause(ran: Ran) -> str:
    """The vendor's first complaint; what Python raises after it says less."""
    said = (ran.stdout + "\n" + ran.stderr).splitlines()
    return next((line.strip() for line in said if line.startswith(("E RKNN", "E Catch", "E "))), "")


def _task(question: Question, wanted: Inference, runs: int, compare: bool) -> dict[str, Any]:
    mainline = question.expectation.brought_up is MAINLINE
    model = place(question, wanted.model, wanted.python)
    cpu = ""
    if compare and wanted.cpu_milliseconds is None:
        if wanted.cpu_model is not None:
            cpu = place(question, wanted.cpu_model, wanted.python)
        elif mainline:
            cpu = model
    return {
        "stack": question.expectation.brought_up.name,
        "model": model,
        "input": put(question, wanted.input),
        "golden": put(question, wanted.golden),
        "runs": runs,
        "cpu_model": cpu,
        "delegate": TEFLON if mainline else "",
        "load": "" if mainline else LOAD_FILE,
        "interrupts": INTERRUPTS,
    }


def _runner() -> str:
    try:
        return resources.files(__package__).joinpath("runner.py").read_text(encoding="utf-8")
    except OSError as problem:
        raise HarnessError("the runner is not part of this installation", seen=str(problem)) from problem
