"""Judges the subject: asks every configuration check of every scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from rknn_validation.checks.configuration import ask
from rknn_validation.checks.questions import Question
from rknn_validation.facts.model import Facts

pytestmark = [pytest.mark.unit, pytest.mark.verdict]


def test_configuration(
    configuration_question: Question, gathered: Mapping[str, Facts], judge: Callable[..., None]
) -> None:
    facts = gathered[configuration_question.scenario.name]
    answer = ask(configuration_question.check, facts)
    judge(configuration_question, answer, stand_ins=facts.stand_ins)
