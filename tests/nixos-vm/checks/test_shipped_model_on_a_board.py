"""The shipped model on a board whose runtime computes nothing: all is there but the result, and that does not pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from bench import Bench

from rknn_validation.checks.model import Answer, Status
from rknn_validation.checks.node import HARDWARE_CHECKS, ask
from rknn_validation.inference import shipped

pytestmark = pytest.mark.vm
CHECKS = ("inference.golden-output", "inference.faster-than-cpu")


def asked(board: Bench, check: str) -> Answer:
    question = board.question()
    model = shipped(question.expectation.brought_up.name)
    return ask(HARDWARE_CHECKS[check], replace(question, expectation=replace(question.expectation, inference=model)))


@pytest.mark.parametrize("check", CHECKS)
def test_a_runtime_that_computes_nothing_fails(bench: Callable[[str], Bench], check: str) -> None:
    answer = asked(bench("vendor"), check)
    assert (answer.status, "the model does not run" in answer.reason) == (Status.FAIL, True), answer


@pytest.mark.parametrize("check", CHECKS)
def test_a_node_without_python_is_left_alone(bench: Callable[[str], Bench], check: str) -> None:
    answer = asked(bench("mainline"), check)
    assert (answer.status, "there is no python3" in answer.reason) == (Status.SKIP, True), answer
