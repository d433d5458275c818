"""Ids of checks: the prefix is the stage, lint comes last, and former ids are still known."""

from __future__ import annotations

from typing import Any

import pytest

from rknn_validation.checks.cluster import CLUSTER_CHECKS
from rknn_validation.checks.configuration import CONFIGURATION_CHECKS, STAGES
from rknn_validation.checks.model import LINT, Registry, Status, Verdict
from rknn_validation.checks.node import HARDWARE_CHECKS, NODE_CHECKS
from rknn_validation.checks.node import STAGES as NODE_STAGES
from rknn_validation.checks.node.transition import TRANSITION_CHECKS
from rknn_validation.npu.formerly import FORMERLY, with_current_ids

pytestmark = pytest.mark.unit

REGISTRIES: tuple[Registry[Any], ...] = (
    *(CONFIGURATION_CHECKS, NODE_CHECKS, HARDWARE_CHECKS),
    *(TRANSITION_CHECKS, CLUSTER_CHECKS),
)


def test_lint_is_a_group_and_the_last_stage() -> None:
    assert STAGES[-1] == LINT
    for check in CONFIGURATION_CHECKS.all():
        assert (check.group == LINT) == (check.stage == LINT), check.id


def test_every_id_begins_with_its_stage() -> None:
    for check in CONFIGURATION_CHECKS.all():
        assert check.stage in STAGES, check.id
    for node_check in (*NODE_CHECKS.all(), *HARDWARE_CHECKS.all(), *TRANSITION_CHECKS.all()):
        assert node_check.stage in NODE_STAGES, node_check.id


def test_a_former_id_leads_to_a_check_and_is_not_used_again() -> None:
    known = {check.id for registry in REGISTRIES for check in registry.all()}
    assert set(FORMERLY.values()) <= known
    assert not known & FORMERLY.keys()


def test_former_ids_in_a_selection_are_replaced() -> None:
    given = "vendor-access.npu-is-not-world-writable or device.real and not access.group-can-open"
    wanted = "vendor-access.not-world-writable or device.is-the-drivers and not access.group-can-open"
    assert with_current_ids(given) == wanted


def test_a_verdict_of_an_earlier_report_has_the_current_id() -> None:
    verdict = Verdict("device.real", "", "device", "vm", "vendor", "board", Status.PASS, "", "")
    assert Verdict.from_json(verdict.to_json()).check == "device.is-the-drivers"


def test_every_check_says_in_one_style_what_holds_and_what_to_do() -> None:
    for check in (one for registry in REGISTRIES for one in registry.all()):
        assert check.title[-1] not in "?.", check.id
        assert check.remedy[0].isupper() and check.remedy.endswith("."), check.id
        assert check.ask.__doc__, check.id
