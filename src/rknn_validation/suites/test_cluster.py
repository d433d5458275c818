"""Judges a live Kubernetes cluster: who offers an NPU, and what pods that ask for one get."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rknn_validation.checks.cluster import DISRUPTING, ask
from rknn_validation.checks.cluster.workload import Workload
from rknn_validation.checks.model import skipped
from rknn_validation.checks.questions import Question as AskedOf

pytestmark = [pytest.mark.kubernetes, pytest.mark.verdict]


def test_cluster(
    request: pytest.FixtureRequest, cluster_question: AskedOf, cluster_work: Workload, judge: Callable[..., None]
) -> None:
    asked = cluster_question
    if asked.check.id in DISRUPTING and not request.config.getoption("--disrupt"):
        judge(asked, skipped("it cordons a node or kills its driver for a moment, so it is asked only with --disrupt"))
    judge(asked, ask(asked.check, cluster_work))
