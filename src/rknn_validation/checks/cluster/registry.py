"""The registry of cluster checks, and how one is asked."""

from __future__ import annotations

from rknn_validation.checks.cluster.workload import Workload
from rknn_validation.checks.model import CHECK_BROKE, Answer, Check, Evidence, Registry, inconclusive
from rknn_validation.common.errors import HarnessError

STAGES = ("offer", "ready", "pod", "disrupt", "released")
"""Stages from cause to effect."""
CLUSTER_CHECKS: Registry[Workload] = Registry()
"""The checks of a cluster, asked in the order of their stages: later ones make pods, and the last removes them."""
DISRUPTING = frozenset({"disrupt.drain-and-back", "disrupt.driver-killed"})
"""Checks that cordon a node or kill its driver: asked only with --disrupt."""


def ask(check: Check[Workload], work: Workload) -> Answer:
    """The check's answer; one that could not be asked, or broke, is inconclusive."""
    try:
        return check.ask(work)
    except HarnessError as problem:
        return inconclusive(problem.message, Evidence("kubectl", str(problem)))
    except Exception as problem:
        return inconclusive(f"{CHECK_BROKE}: {type(problem).__name__}: {problem}")
