"""A model that really runs: its output is compared with a known one, its time with the processor's."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed, skipped
from rknn_validation.checks.node.hardware.files import place, put
from rknn_validation.checks.node.library import TEFLON
from rknn_validation.checks.node.question import HARDWARE_CHECKS, Question, Ran
from rknn_validation.errors import HarnessError
from rknn_validation.inference import Inference
from rknn_validation.npu.stacks import MAINLINE

NOTHING = "no model is configured: `inference:` in the subject file names one for each stack"
NO_PYTHON = "there is no {} on the node to run a model with"
MARK = "RKNN-RESULT "
LOAD_FILE = "/sys/kernel/debug/rknpu/load"
# The interpreter that a login shell finds, with what a login shell's environment says of the library.
_RUN = 'env -i HOME=/root USER=root "$(command -v bash)" -lc \'exec "$0" -c "$1" "$2"\' %s %s %s'


@HARDWARE_CHECKS.check(
    "inference.golden-output",
    stage="inference",
    title="does a model compute what it should?",
    remedy="compare layout, type and normalisation of the input; then versions of converter, runtime and driver",
)
def golden_output(question: Question) -> Answer:
    """One run on the NPU; the first output against the known one, value by value. Return codes are not trusted."""
    wanted = question.expectation.inference
    if wanted is None:
        return skipped(NOTHING)
    found = _measured(question, wanted, runs=1, compare=False)
    if isinstance(found, Answer):
        return found
    result, seen = found
    if "difference" not in result:
        return failed(f"the output has the shape {result['shape']}, the known one {result['expected']}", seen)
    difference = result["difference"]
    if difference is None:
        return failed("the output has values that are no numbers", seen)
    if difference > wanted.tolerance:
        return failed(f"the output is off by {difference:.4g}, {wanted.tolerance:g} is allowed", seen)
    return passed(f"the output is right within {difference:.4g}", seen)


@HARDWARE_CHECKS.check(
    "inference.faster-than-cpu",
    stage="inference",
    title="is the model faster than on the processor?",
    remedy="as slow as the processor is the processor: see that provider or delegate are loaded, and the load file",
)
def faster_than_cpu(question: Question) -> Answer:
    """Median time against the processor's for the same model, and the driver's load file while it runs."""
    wanted = question.expectation.inference
    if wanted is None:
        return skipped(NOTHING)
    found = _measured(question, wanted, runs=wanted.runs, compare=True)
    if isinstance(found, Answer):
        return found
    result, seen = found
    npu, cpu = float(result["npu_ms"]), result.get("cpu_ms", wanted.cpu_milliseconds)
    if result.get("load") == 0:
        return failed(f"the NPU was idle while the model ran ({npu:.1f} ms)", seen)
    if cpu is None and "cpu_missing" in result:
        return inconclusive(f"the node cannot run the model on its processor: no {result['cpu_missing']}", seen)
    if cpu is None:
        return skipped("neither cpu_model nor cpu_milliseconds is given to compare with")
    words = f"{npu:.1f} ms, {float(cpu):.1f} ms on the processor"
    if npu * wanted.faster > float(cpu):
        return failed(f"{words}: not {wanted.faster:g} times as fast, so it may be the processor that computes", seen)
    return passed(words, seen)


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
        return inconclusive(f"{wanted.python} on the node has no {result['missing']}", seen)
    if "error" in result:
        return failed(f"the model does not run: {_cause(ran) or result['error']}", seen)
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
    }


def _runner() -> str:
    try:
        return resources.files(__package__).joinpath("runner.py").read_text(encoding="utf-8")
    except OSError as problem:
        raise HarnessError("the runner is not part of this installation", seen=str(problem)) from problem
