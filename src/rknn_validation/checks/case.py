"""Case: everything a configuration check may look at for one scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rknn_validation.nix.configuration import Configuration, Evaluation
from rknn_validation.subject import Scenario, Subject

FOREIGN_BOARD = "foreign-board"
"""Variant: the same settings with `hardware.deviceTree.name` naming a Raspberry Pi 4."""
RK3588_BOARD = "rk3588-board"
"""Variant: the same settings with `hardware.deviceTree.name` naming the Orange Pi 5 Plus."""
FOREIGN_SYSTEM = "x86_64-linux"
"""Variant: the same settings on an x86_64-linux host."""


@dataclass(frozen=True)
class Case:
    """One scenario of one subject, as a configuration check sees it.

    `baseline` is the same machine without the subject's module; `variants` are the same settings on
    other machines (see the names above). `scenario.boards` tells what the scenario is meant to run on.
    """

    subject: Subject
    scenario: Scenario
    evaluation: Evaluation
    baseline: Evaluation
    variants: Mapping[str, Evaluation]

    @property
    def configuration(self) -> Configuration:
        """The evaluated configuration. Only asked for once the scenario is known to evaluate."""
        assert self.evaluation.configuration is not None
        return self.evaluation.configuration
