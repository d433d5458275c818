"""Checks asked of a node through a testinfra Host (tiers `vm` and `hardware`). One file per topic."""

from rknn_validation.checks.node import access, device, disabled, guard, kernel, library, python, udev, units
from rknn_validation.checks.node.hardware import (
    closure,
    driver,
    identity,
    inference,
    kernel_running,
    power,
    service,
    versions,
)
from rknn_validation.checks.node.question import (
    DISTURBING,
    HARDWARE_CHECKS,
    NODE_CHECKS,
    STAGES,
    Expectation,
    Question,
    applies,
    ask,
    questions,
)

__all__ = [
    "DISTURBING",
    "HARDWARE_CHECKS",
    "NODE_CHECKS",
    "STAGES",
    "Expectation",
    "Question",
    "applies",
    "ask",
    "questions",
]

TOPICS = (units, kernel, device, access, udev, library, python, guard, disabled)
HARDWARE_TOPICS = (identity, kernel_running, driver, power, service, closure, versions, inference)
"""Importing a topic declares its checks."""
