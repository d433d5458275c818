"""Judges the subject: asks every configuration check of every scenario."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rknn_validation.checks.case import Case
from rknn_validation.checks.configuration import ask
from rknn_validation.checks.questions import Question

pytestmark = [pytest.mark.unit, pytest.mark.verdict]


def test_configuration(configuration_question: Question, cases: dict[str, Case], judge: Callable[..., None]) -> None:
    case = cases[configuration_question.scenario.name]
    answer = ask(configuration_question.check, case)
    judge(configuration_question, answer, stand_ins=case.stand_ins)
