"""Gathers the facts of scenarios: evaluates each, the machine without the subject, and the perturbations."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rknn_validation.deadline import Deadline
from rknn_validation.facts.model import (
    BASELINE,
    FOREIGN_BOARD,
    FOREIGN_SYSTEM,
    FOREIGN_SYSTEM_BASELINE,
    OFF,
    RK3588_BOARD,
    Facts,
)
from rknn_validation.nix.configuration import Evaluation
from rknn_validation.nix.evaluate import Request, evaluate
from rknn_validation.nix.failure import UNDECLARED
from rknn_validation.subject import Scenario, Subject, Validation


def gather(validation: Validation, *, nixpkgs: Path | None, deadline: Deadline) -> dict[str, Facts]:
    """Evaluate every scenario, its baseline and its perturbations in one batch; facts by scenario name."""
    return gather_many({"": validation}, nixpkgs=nixpkgs, deadline=deadline)[""]


def gather_many(
    validations: Mapping[str, Validation],
    *,
    nixpkgs: Path | None,
    deadline: Deadline,
    without_perturbations: Container[str] = (),
) -> dict[str, dict[str, Facts]]:
    """The facts of many subjects, evaluated together; those named in `without_perturbations` without other machines."""
    wanted = {
        (key, name): {
            variant: request
            for variant, request in _requests(validation.subject, scenario).items()
            if key not in without_perturbations or variant in ("", BASELINE)
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
    gathered: dict[str, dict[str, Facts]] = {key: {} for key in validations}
    for (key, name), each in wanted.items():
        found = {variant: replace(results[words[id(one)]], name=variant or name) for variant, one in each.items()}
        main, baseline = found.pop(""), found.pop(BASELINE)
        subject, scenario = validations[key].subject, validations[key].scenarios[name]
        gathered[key][name] = Facts(subject, scenario, main, baseline, found)
    return gathered


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
