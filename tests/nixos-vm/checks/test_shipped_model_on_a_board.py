"""The shipped model on a board whose runtime computes nothing: all is there but the result, and that does not pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from bench import Bench

from rknn_validation.checks.model import Answer, Status
from rknn_validation.checks.node import HARDWARE_CHECKS, ask
from rknn_validation.subject.inference import shipped

pytestmark = pytest.mark.vm


def asked(board: Bench, check: str) -> Answer:
    question = board.question()
    model = shipped(question.expectation.brought_up.name)
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
