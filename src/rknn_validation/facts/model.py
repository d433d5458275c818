"""Facts: everything a configuration check may look at for one scenario or host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import TypeVar

from rknn_validation.common.errors import HarnessError
from rknn_validation.facts.nix.configuration import Configuration, Evaluation
from rknn_validation.facts.nix.effects import Effects
from rknn_validation.subject.validation import Scenario, Subject

FOREIGN_BOARD = "foreign-board"
"""Perturbation: the same with `hardware.deviceTree.name` naming a Raspberry Pi 4."""
RK3588_BOARD = "rk3588-board"
"""Perturbation: the same with `hardware.deviceTree.name` naming the Orange Pi 5 Plus."""
FOREIGN_SYSTEM = "x86_64-linux"
"""Perturbation: the same settings on an x86_64-linux host."""
FOREIGN_SYSTEM_BASELINE = "x86_64-linux-baseline"
"""Perturbation: that host without the subject."""
OFF = "off"
"""Perturbation: the same with the subject's `enable` set to false, where there is such a switch."""
BASELINE = "baseline"
EFFECTS = "effects"
"""What follows from other values of the subject's own options, and what its module defines of others."""

T = TypeVar("T")


@dataclass(frozen=True)
class Facts:
    """What is known of one scenario of a subject, whoever made it: a module's evaluation or a host's.

    `evaluation` is what is judged. `baseline` is the same machine without the subject: for a module the machine that
    does not import it, for a host a NixOS of the same nixpkgs and platform that sets nothing. `perturbations` are the
    same with one thing changed, by the names above; one that was not asked for is not there. `effects` is what follows
    from other values of the subject's own options, None where that was not asked for.
    """

    subject: Subject
    scenario: Scenario
    evaluation: Evaluation
    baseline: Evaluation
    perturbations: Mapping[str, Evaluation] = field(default_factory=dict)
    effects: Effects | None = None

    @property
    def configuration(self) -> Configuration:
        """The evaluated configuration. Raises HarnessError when there is none."""
        return configuration_of(self.evaluation, "the scenario")

    @property
    def without(self) -> Configuration:
        """The configuration of the machine without the subject. Raises HarnessError when there is none."""
        return configuration_of(self.baseline, "the machine without the subject")

    def missing(self, need: str) -> str:
        """Why a fact that a check needs was not asked for; "" where it was. `need` is `baseline` or a perturbation.

        Raises HarnessError where it was asked for and could not be evaluated for another reason than the subject.
        """
        if need == EFFECTS:
            return "" if self.effects else f"not evaluated: {_NEEDS[EFFECTS]}"
        evaluation = self.baseline if need == BASELINE else self.perturbations.get(need)
        if evaluation is None:
            return f"not evaluated: {_NEEDS.get(need, need)}"
        if evaluation.error is not None and evaluation.error.kind != "subject":
            configuration_of(evaluation, _NEEDS.get(need, need))
        return ""

    @property
    def stand_ins(self) -> tuple[str, ...]:
        """What stood in for the real thing, as reports name it."""
        if self.evaluation.nixpkgs != "stand-in":
            return ()
        served = "nixpkgs: the stand-in was used, not the real one"
        missing = self.evaluation.not_modelled
        return (served, f"not modelled by the stand-in: {', '.join(missing)}") if missing else (served,)


_NEEDS = {
    BASELINE: "the machine without the subject",
    EFFECTS: "what follows from other values of the subject's options",
    OFF: "the same switched off",
    FOREIGN_BOARD: "the same on a board of another SoC",
    RK3588_BOARD: "the same on an RK3588 board",
    FOREIGN_SYSTEM: "the same on x86_64-linux",
    FOREIGN_SYSTEM_BASELINE: "an x86_64-linux machine without the subject",
}


def configuration_of(evaluation: Evaluation | None, what: str) -> Configuration:
    """The configuration of an evaluation. Raises HarnessError when there is none."""
    if evaluation is None or evaluation.configuration is None:
        error = evaluation.error if evaluation else None
        raise HarnessError(
            f"{what} did not evaluate",
            expected="a configuration",
            seen=error.message if error else "no evaluation",
        )
    return evaluation.configuration


def derived(function: Callable[[Facts], T]) -> Callable[[Facts], T]:
    """Keep what a function makes of facts with the facts: many checks start from the same."""
    key = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def kept(facts: Facts) -> T:
        if key not in vars(facts):
            vars(facts)[key] = function(facts)
        found: T = vars(facts)[key]
        return found

    return kept
