"""Checks asked of a node through a testinfra Host (tiers `vm` and `hardware`). One file per topic."""

from rknn_validation.checks.node import (
    access,
    containers,
    device,
    driver,
    guard,
    identity,
    inference,
    kernel,
    library,
    python,
    service,
    sustained,
    units,
)
from rknn_validation.checks.node.registry import (
    DISTURBING,
    HARDWARE_CHECKS,
    NODE_CHECKS,
    ON_EMULATED_NPU,
    STAGES,
    Expectation,
    NodeUnderTest,
    applies,
    ask,
    checks_of,
)

__all__ = [
    "DISTURBING",
    "HARDWARE_CHECKS",
    "NODE_CHECKS",
    "ON_EMULATED_NPU",
    "STAGES",
    "Expectation",
    "NodeUnderTest",
    "applies",
    "ask",
    "checks_of",
]

TOPICS = (
    units,
    kernel,
    identity,
    driver,
    device,
    service,
    access,
    library,
    python,
    inference,
    sustained,
    containers,
    guard,
)
"""Importing a topic declares its checks."""
