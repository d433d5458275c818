"""What follows from a subject's options, for every scenario that asks for it: the perturbations of single options."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import replace

from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.effects import Effects
from rknn_validation.facts.nix.request import Request


def with_effects(
    gathered: Mapping[str, Mapping[str, Facts]],
    evaluate: Callable[[Mapping[str, Request]], Mapping[str, Effects]],
    *,
    without: Container[str] = (),
) -> dict[str, dict[str, Facts]]:
    """The same facts with the effects of options, of what evaluates and is not switched off.

    Subjects named in `without` are left as they are, and so are those that are no module: they have no options.
    """
    wanted = {
        f"{key} {name}": facts
        for key, scenarios in gathered.items()
        for name, facts in scenarios.items()
        if key not in without and _has_options(facts)
    }
    found = evaluate({name: _request(facts) for name, facts in wanted.items()}) if wanted else {}
    return {
        key: {name: replace(facts, effects=found.get(f"{key} {name}")) for name, facts in scenarios.items()}
        for key, scenarios in gathered.items()
    }


def _request(facts: Facts) -> Request:
    scenario = facts.scenario
    return Request(facts.subject, scenario.settings, scenario.config, scenario.system)


def _has_options(facts: Facts) -> bool:
    evaluates = facts.evaluation.configuration is not None
    return evaluates and facts.subject.module is not None and facts.scenario.settings.get("enable") is not False
