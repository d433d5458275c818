"""Case: everything a configuration check may look at for one scenario."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from rknn_validation.deadline import Deadline
from rknn_validation.nix.configuration import Configuration, Evaluation
from rknn_validation.nix.evaluate import Request, evaluate
from rknn_validation.nix.failure import UNDECLARED
from rknn_validation.subject import Scenario, Subject, Validation

FOREIGN_BOARD = "foreign-board"
"""Variant: the same settings with `hardware.deviceTree.name` naming a Raspberry Pi 4."""
RK3588_BOARD = "rk3588-board"
"""Variant: the same settings with `hardware.deviceTree.name` naming the Orange Pi 5 Plus."""
FOREIGN_SYSTEM = "x86_64-linux"
"""Variant: the same settings on an x86_64-linux host."""
FOREIGN_SYSTEM_BASELINE = "x86_64-linux-baseline"
"""Variant: that host without the subject."""
OFF = "off"
"""Variant: the same settings with `enable` set to false, where they set it."""
BASELINE = "baseline"

T = TypeVar("T")


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

    @property
    def stand_ins(self) -> tuple[str, ...]:
        """What stood in for the real thing, as reports name it."""
        served = self.evaluation.nixpkgs
        return ("nixpkgs: the stand-in served, not the real one",) if served == "stand-in" else ()


def once_per_case(function: Callable[[Case], T]) -> Callable[[Case], T]:
    """Keep what a function makes of a case with the case: many checks start from the same."""
    key = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def kept(case: Case) -> T:
        if key not in vars(case):
            vars(case)[key] = function(case)
        found: T = vars(case)[key]
        return found

    return kept


def build_cases(validation: Validation, *, nixpkgs: Path | None, deadline: Deadline) -> dict[str, Case]:
    """Evaluate every scenario, its baseline and its variants in one batch; cases by scenario name."""
    return build_many({"": validation}, nixpkgs=nixpkgs, deadline=deadline)[""]


def build_many(
    validations: Mapping[str, Validation],
    *,
    nixpkgs: Path | None,
    deadline: Deadline,
    without_variants: Container[str] = (),
) -> dict[str, dict[str, Case]]:
    """The cases of many subjects, evaluated together; those named in `without_variants` without other machines."""
    wanted = {
        (key, name): {
            variant: request
            for variant, request in _requests(validation.subject, scenario).items()
            if key not in without_variants or variant in ("", BASELINE)
        }
        for key, validation in validations.items()
        for name, scenario in validation.scenarios.items()
    }
    # Most subjects start from the same machine: what is asked twice is evaluated once.
    words = {id(one): json.dumps(one.to_json(), sort_keys=True) for each in wanted.values() for one in each.values()}
    requests = {words[id(one)]: one for each in wanted.values() for one in each.values()}
    results = evaluate(requests, nixpkgs=nixpkgs, deadline=deadline)
    for each in wanted.values():
        if results[words[id(each[""])]].configuration is not None:
            for variant in each.keys() & {BASELINE, FOREIGN_SYSTEM_BASELINE}:
                name = words[id(each[variant])]
                results[name] = _without_own_options(each[variant], results[name], nixpkgs, deadline)
    cases: dict[str, dict[str, Case]] = {key: {} for key in validations}
    for (key, name), each in wanted.items():
        found = {variant: replace(results[words[id(one)]], name=variant or name) for variant, one in each.items()}
        main, baseline = found.pop(""), found.pop(BASELINE)
        subject, scenario = validations[key].subject, validations[key].scenarios[name]
        cases[key][name] = Case(subject, scenario, main, baseline, found)
    return cases


def _without_own_options(
    request: Request, evaluation: Evaluation, nixpkgs: Path | None, deadline: Deadline
) -> Evaluation:
    """The machine without the subject, and without what is said of the options that the subject declares."""
    if evaluation.error and UNDECLARED.search(evaluation.error.message):
        # The scenario's `config` or an import gives a value to an option that only the subject declares.
        request = replace(request, config={**request.config, "_module": {"check": False}})
        return evaluate({"": request}, nixpkgs=nixpkgs, deadline=deadline)[""]
    return evaluation


def _requests(subject: Subject, scenario: Scenario) -> dict[str, Request]:
    main = Request(subject, scenario.settings, scenario.config, scenario.system)
    # Without its module a subject is what it adds by overlays and imports.
    nobody = replace(subject, root=subject.root, module=Path("/nowhere"), option=("_",))
    if not subject.overlays and not subject.imports:
        nobody = replace(nobody, root=Path("/nowhere"))
    bare = Request(nobody, {}, scenario.config, scenario.system, with_subject=False)
    found = {
        "": main,
        BASELINE: bare,
        FOREIGN_BOARD: replace(main, config=_on_board(scenario.config, "broadcom/bcm2711-rpi-4-b.dtb")),
        RK3588_BOARD: replace(main, config=_on_board(scenario.config, "rockchip/rk3588-orangepi-5-plus.dtb")),
        FOREIGN_SYSTEM: replace(main, system="x86_64-linux"),
        FOREIGN_SYSTEM_BASELINE: replace(bare, system="x86_64-linux"),
    }
    if scenario.settings.get("enable") is True:
        found[OFF] = replace(main, settings={**scenario.settings, "enable": False})
    elif scenario.settings.get("enable") is False:
        # Switched off, other machines have nothing to add.
        found = {"": main, BASELINE: found[BASELINE]}
    return found


def _on_board(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    hardware = dict(config.get("hardware") or {})
    device_tree = {**(hardware.get("deviceTree") or {}), "name": name}
    return {**config, "hardware": {**hardware, "deviceTree": device_tree}}
