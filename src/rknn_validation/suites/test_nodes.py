"""Judges the subject on real nodes: every node is asked every check that applies to it, all nodes side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from rknn_validation.checks.model import skipped
from rknn_validation.checks.node import DISTURBING
from rknn_validation.checks.node.fleet import Fleet
from rknn_validation.checks.questions import Question as AskedOf
from rknn_validation.facts.model import Facts

pytestmark = [pytest.mark.hardware, pytest.mark.verdict]


def test_node(
    request: pytest.FixtureRequest,
    hardware_question: AskedOf,
    fleet: Fleet,
    gathered: Mapping[str, Facts],
    judge: Callable[..., None],
    progress: Callable[[str], None],
) -> None:
    asked = hardware_question
    assert asked.node is not None
    if asked.check.id in DISTURBING and not request.config.getoption("--disturb"):
        judge(asked, skipped("it changes the node for a moment, so it is asked only with --disturb"))
    told = fleet.answer(asked.node.name, asked.check.id, progress)
    stand_ins = gathered[asked.scenario.name].stand_ins
    judge(asked, told.answer, started=told.started, seconds=told.seconds, stand_ins=stand_ins)
