"""The node's clock: certificates, logs and every comparison of times depend on it."""

from __future__ import annotations

import time

from rknn_validation.checks.model import Answer, failed, inconclusive, passed
from rknn_validation.checks.node.question import BOTH_BOARDS, HARDWARE_CHECKS, Question

TOLERANCE = 120.0
"""Seconds; a node whose time is synchronised is off by far less, and this computer may be off itself."""


@HARDWARE_CHECKS.check(
    "units.clock-right",
    stage="units",
    title="is the node's clock right?",
    remedy="let the node reach a time server (services.timesyncd): boards without a battery start in the past",
    stacks=("vendor", "mainline", "none"),
    boards=BOTH_BOARDS,
)
def clock_right(question: Question) -> Answer:
    """Compared with the clock of the computer that asks."""
    before = time.time()
    ran = question.must("date +%s")
    after = time.time()
    if not ran.stdout.strip().isdecimal():
        return inconclusive("the node does not say what time it is", ran.evidence)
    seen = int(ran.stdout)
    off = max(before - 1 - seen, seen - after, 0.0)
    if off > TOLERANCE:
        return failed(f"the clock is {off:.0f} s {'behind' if seen < before else 'ahead'}", ran.evidence)
    return passed("the clock agrees with this computer's", ran.evidence)
