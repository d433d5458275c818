"""Groups of checks: what is lint, where it stands, and by which names it went before."""

from __future__ import annotations

import pytest

from rknn_validation.checks.configuration import CONFIGURATION_CHECKS, STAGES
from rknn_validation.checks.formerly import FORMERLY
from rknn_validation.checks.model import LINT

pytestmark = pytest.mark.unit


def test_lint_is_a_group_and_the_last_stage() -> None:
    assert STAGES[-1] == LINT
    for check in CONFIGURATION_CHECKS.all():
        assert (check.group == LINT) == (check.stage == LINT), check.id


def test_former_ids_lead_to_checks_and_are_taken_by_none() -> None:
    known = {check.id for check in CONFIGURATION_CHECKS.all()}
    assert set(FORMERLY.values()) <= known
    assert not known & FORMERLY.keys()
