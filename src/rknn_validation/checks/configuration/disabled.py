"""Switched off, the module is as good as not imported."""

from __future__ import annotations

from rknn_validation.checks.configuration.registry import ALL_STACKS, CONFIGURATION_CHECKS
from rknn_validation.checks.findings import evidence_of
from rknn_validation.checks.model import Answer, failed, inconclusive, passed, skipped
from rknn_validation.facts.difference import baseline, changes
from rknn_validation.facts.model import OFF, Facts, configuration_of


@CONFIGURATION_CHECKS.check(
    "disabled.contributes-nothing",
    stage="disabled",
    title="switched off, it changes nothing",
    remedy="Put everything the module sets below config = lib.mkIf cfg.enable { … }.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def contributes_nothing(facts: Facts) -> Answer:
    """Every machine that imports the module pays for what stands outside its mkIf."""
    # Without settings it may still be switched on by a former name of its options.
    untouched = not facts.scenario.settings and (facts.scenario.stack == "none" or not facts.scenario.config)
    if facts.scenario.settings.get("enable") is False or untouched:
        off = facts.configuration
    elif OFF in facts.perturbations:
        evaluation = facts.perturbations[OFF]
        if evaluation.error and evaluation.error.kind == "subject":
            return failed(f"switched off, it does not evaluate: {evaluation.error.message}")
        if evaluation.error:
            return inconclusive(f"switched off, it could not be evaluated: {evaluation.error.message}")
        off = configuration_of(evaluation, "the scenario switched off")
    else:
        return skipped("not evaluated switched off")
    left = changes(off, baseline(facts))
    if left:
        return failed(f"switched off, it still changes {len(left)} things", evidence_of(left, "changes"))
    return passed("the machine is exactly what it is without the subject")
