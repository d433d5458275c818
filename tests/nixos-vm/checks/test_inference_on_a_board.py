"""The shipped model on boards: computed by a model of the NPU under the real driver and delegate, also a faulty one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from bench import Bench

from rknn_validation.checks.model import Answer, Status
from rknn_validation.checks.node import HARDWARE_CHECKS, ask
from rknn_validation.common.deadline import Deadline
from rknn_validation.machine.standins import TFLITE_PYTHON
from rknn_validation.subject.inference import shipped

pytestmark = pytest.mark.vm


def asked(board: Bench, check: str, *, python: str = "python3") -> Answer:
    question = board.question()
    model = replace(shipped(question.expectation.brought_up.name), python=python)
    return ask(HARDWARE_CHECKS[check], replace(question, expectation=replace(question.expectation, inference=model)))


def test_zeros_are_not_what_the_model_computes(bench: Callable[[str], Bench]) -> None:
    """The vendor's own Python package takes model and input and hands an output of the right shape back."""
    answer = asked(bench("vendor"), "inference.golden-output")
    assert (answer.status, "it is the same everywhere (golden-1.rknn" in answer.reason) == (Status.FAIL, True), answer


def test_success_without_the_npu_is_no_success(bench: Callable[[str], Bench]) -> None:
    answer = asked(bench("vendor"), "inference.faster-than-cpu")
    assert (answer.status, "the NPU was idle" in answer.reason) == (Status.FAIL, True), answer


def test_a_node_without_python_is_left_alone(bench: Callable[[str], Bench]) -> None:
    answer = asked(bench("mainline"), "inference.golden-output")
    assert (answer.status, "there is no python3" in answer.reason) == (Status.SKIP, True), answer


def test_every_core_computes_the_golden_output(bench: Callable[[str], Bench]) -> None:
    """The driver hands one inference after another to the next core."""
    board = bench("mainline")
    assert board.machine.npu is not None
    for _ in range(2):
        answer = asked(board, "inference.golden-output", python=TFLITE_PYTHON)
        assert answer.status is Status.PASS, answer
    assert {event["core"] for event in board.machine.npu.said("layer")} >= {0, 1}


@pytest.mark.parametrize(
    ("faults", "status", "said"),
    [
        ({"flip": 0x20}, Status.FAIL, "the output is off"),
        ({"silent": [0, 1, 2]}, Status.FAIL, "the output is"),
        ({"unmapped": True}, Status.FAIL, "the output is"),
    ],
    ids=["wrong-output", "no-answer", "iommu-fault"],
)
def test_a_faulty_npu_fails(bench: Callable[[str], Bench], faults: dict[str, Any], status: Status, said: str) -> None:
    """PREP_BO reports success after a time-out: the output alone tells."""
    board = bench("mainline")
    assert board.machine.npu is not None
    board.machine.npu.ask(Deadline.after(10, "the fault to be set"), faults=faults)
    answer = asked(board, "inference.golden-output", python=TFLITE_PYTHON)
    assert (answer.status, said in answer.reason) == (status, True), answer
    log = board.sh("dmesg")
    if "silent" in faults:
        assert "NPU job timed out" in log
    if "unmapped" in faults:
        assert "Page fault at" in log


def test_an_npu_that_dies_leaves_the_board_alive(bench: Callable[[str], Bench]) -> None:
    board = bench("mainline")
    assert board.machine.npu is not None
    board.machine.npu.kill()
    assert board.sh("uname -m") == "aarch64\n"
