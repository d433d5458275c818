"""Switched off, the module is as good as not imported."""

from __future__ import annotations

from rknn_validation.checks.case import OFF, Case
from rknn_validation.checks.configuration.delta import baseline, changes, configuration_of, evidence_of
from rknn_validation.checks.configuration.registry import ALL_STACKS, CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, failed, inconclusive, passed, skipped


@CONFIGURATION_CHECKS.check(
    "disabled.contributes-nothing",
    stage="disabled",
    title="switched off, it changes nothing",
    remedy="Put everything the module sets below config = lib.mkIf cfg.enable { … }.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def contributes_nothing(case: Case) -> Answer:
    """Every machine that imports the module pays for what stands outside its mkIf."""
    # Without settings it may still be switched on by a former name of its options.
    untouched = not case.scenario.settings and (case.scenario.stack == "none" or not case.scenario.config)
    if case.scenario.settings.get("enable") is False or untouched:
        off = case.configuration
    elif OFF in case.variants:
        evaluation = case.variants[OFF]
        if evaluation.error and evaluation.error.kind == "subject":
            return failed(f"switched off, it does not evaluate: {evaluation.error.message}")
        if evaluation.error:
            return inconclusive(f"switched off, it could not be evaluated: {evaluation.error.message}")
        off = configuration_of(evaluation, "the scenario switched off")
    else:
        return skipped("not evaluated switched off")
    left = changes(off, baseline(case))
    if left:
        return failed(f"switched off, it still changes {len(left)} things", evidence_of(left, "changes"))
    return passed("the machine is exactly what it is without the subject")
