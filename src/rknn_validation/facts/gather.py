"""Gathers the facts of scenarios: evaluates each, the machine without the subject, and the perturbations."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.facts.model import (
    BASELINE,
    FOREIGN_BOARD,
    FOREIGN_SYSTEM,
    FOREIGN_SYSTEM_BASELINE,
    OFF,
    RK3588_BOARD,
    Facts,
)
from rknn_validation.facts.nix.configuration import Evaluation, EvaluationError
from rknn_validation.facts.nix.effects import Effects, effects
from rknn_validation.facts.nix.evaluate import evaluate, host_names
from rknn_validation.facts.nix.failure import UNDECLARED
from rknn_validation.facts.nix.flake import Flake, read_flake
from rknn_validation.facts.nix.gaps import Gaps
from rknn_validation.facts.nix.nixpkgs import Nixpkgs, locked
from rknn_validation.facts.nix.request import Forced, Request, flakes_of
from rknn_validation.npu.boards import FOREIGN, Board, named
from rknn_validation.subject.validation import Scenario, Subject, Validation


@dataclass
class Shared:
    """What several evaluations of a run have in common: the flakes, read once, and which nixpkgs has served.

    `own` are those that flakes lock, by the flake; `common` says whether the one of the run has served for anything.
    """

    flakes: dict[str, Flake | HarnessError] = field(default_factory=dict)
    own: dict[str, Nixpkgs] = field(default_factory=dict)
    common: bool = False


@dataclass
class Evaluator:
    """Evaluates with one nixpkgs: a tree, or the stand-in where `nixpkgs` is None. Each flake is read once.

    `offline` forbids fetching inputs of flakes; `build` lets Nix build what a configuration imports from a derivation.
    `nixpkgs_was_named` takes `nixpkgs` for hosts of flakes as well, which else have their own.
    """

    nixpkgs: Path | None
    deadline: Deadline
    offline: bool = False
    build: bool = False
    progress: Callable[[str], None] = lambda _: None
    nixpkgs_was_named: bool = False
    shared: Shared = field(default_factory=Shared)
    _gaps: dict[str, Gaps] = field(default_factory=dict)

    def flake(self, reference: str) -> Flake:
        """A flake by its reference. Raises HarnessError, each time, for one that cannot be fetched."""
        if reference not in self.shared.flakes:
            try:
                self.shared.flakes[reference] = read_flake(
                    reference,
                    Path.cwd(),
                    offline=self.offline,
                    deadline=self.deadline,
                    progress=self.progress,
                    without_nixpkgs=self.nixpkgs_was_named,
                )
            except HarnessError as error:
                self.shared.flakes[reference] = error
        found = self.shared.flakes[reference]
        if isinstance(found, HarnessError):
            raise found
        return found

    def host_names(self, reference: str) -> tuple[str, ...]:
        """The hosts of a flake. Raises HarnessError where there is no such flake, or Nix cannot tell them."""
        return host_names(self.flake(reference), nixpkgs=self._nixpkgs_for(reference), deadline=self.deadline)

    def evaluate(self, requests: Mapping[str, Request]) -> dict[str, Evaluation]:
        """All requests, by name; one whose flake cannot be fetched is unknown; the others are evaluated."""
        lost = {name: error for name, one in requests.items() if (error := self._lost(one.subject)) is not None}
        found: dict[str, Evaluation] = {
            name: Evaluation(name, None, EvaluationError("unknown", str(error), ""), "nothing")
            for name, error in lost.items()
        }
        # A host is evaluated with the nixpkgs of its own flake, if it is on this machine.
        groups: dict[Path | None, dict[str, Request]] = {}
        for name, one in requests.items():
            if name not in lost:
                groups.setdefault(self.nixpkgs_of(one.subject), {})[name] = one
        for nixpkgs, group in groups.items():
            flakes = {ref: self.flake(ref) for one in group.values() for ref in flakes_of(one.subject)}
            given = evaluate(group, nixpkgs=nixpkgs, deadline=self.deadline, flakes=flakes, build=self.build)
            found |= {name: _as_far_as_known(one, group[name], flakes) for name, one in given.items()}
            self._gaps |= {group[key].subject_key: one.gaps for key, one in given.items() if one.not_modelled}
        return {name: found[name] for name in requests}

    def effects(self, requests: Mapping[str, Request]) -> dict[str, Effects]:
        """What follows from the options of modules, by the requests' names; none of them is a host."""
        flakes = {ref: self.flake(ref) for one in requests.values() for ref in flakes_of(one.subject)}
        known = {name: self._gaps.get(one.subject_key, Gaps()) for name, one in requests.items()}
        return effects(requests, nixpkgs=self.nixpkgs, deadline=self.deadline, flakes=flakes, gaps=known)

    def nixpkgs_of(self, subject: Subject) -> Path | None:
        """The nixpkgs a subject is evaluated with: of a host of a flake its own, where it is on this machine."""
        return self._nixpkgs_for(subject.host.flake if subject.host else "")

    def _nixpkgs_for(self, reference: str) -> Path | None:
        """A flake's own, unless Nix is too old for it: then the stand-in."""
        own = self.flake(reference).nixpkgs if reference and not self.nixpkgs_was_named else None
        if own is None:
            self.shared.common = True
            return self.nixpkgs
        if reference not in self.shared.own:
            self.shared.own[reference] = locked(own, self.deadline)
        return self.shared.own[reference].path

    def _lost(self, subject: Subject) -> HarnessError | None:
        try:
            for reference in flakes_of(subject):
                self.flake(reference)
        except HarnessError as error:
            return error
        return None


CERTAIN = re.compile(r"syntax error|undefined variable|No such file or directory|is no NixOS configuration")
"""Errors that no missing module could have prevented."""


def _as_far_as_known(evaluation: Evaluation, request: Request, flakes: Mapping[str, Flake]) -> Evaluation:
    """What a host lacks may be in an input that is not on this machine: then it is unknown whose error it is."""
    error = evaluation.error
    absent = [name for ref in flakes_of(request.subject) for name in flakes[ref].missing_inputs]
    if error is None or error.kind != "subject" or error.meaning or not absent or CERTAIN.search(error.message):
        return evaluation
    meaning = f"an input that is not on this machine may provide what is missing: {', '.join(absent)}"
    return replace(evaluation, error=replace(error, kind="unknown", meaning=meaning))


def gather(validation: Validation, evaluator: Evaluator) -> dict[str, Facts]:
    """Evaluate every scenario, its baseline and its perturbations in one batch; facts by scenario name."""
    return gather_many({"": validation}, evaluator)[""]


def gather_many(
    validations: Mapping[str, Validation],
    evaluator: Evaluator,
    *,
    without_perturbations: Container[str] = (),
    without_effects: Container[str] = (),
) -> dict[str, dict[str, Facts]]:
    """The facts of many subjects, evaluated together; those named in `without_perturbations` as they are, no more.

    Those named in `without_effects` are without what follows from other values of their options.
    """
    wanted = {
        (key, name): {
            variant: request
            for variant, request in requests_of(validation.subject_of(name), scenario).items()
            if key not in without_perturbations or variant in ("", BASELINE)
        }
        for key, validation in validations.items()
        for name, scenario in validation.scenarios.items()
    }
    # Most subjects start from the same machine: what is asked twice is evaluated once.
    words = {id(one): json.dumps(one.to_json(), sort_keys=True) for each in wanted.values() for one in each.values()}
    requests = {words[id(one)]: one for each in wanted.values() for one in each.values()}
    results = evaluator.evaluate(requests)
    for each in wanted.values():
        if results[words[id(each[""])]].configuration is not None:
            for variant in each.keys() & {BASELINE, FOREIGN_SYSTEM_BASELINE}:
                name = words[id(each[variant])]
                results[name] = _without_own_options(each[variant], results[name], evaluator)
    gathered: dict[str, dict[str, Facts]] = {key: {} for key in validations}
    for (key, name), each in wanted.items():
        found = {variant: replace(results[words[id(one)]], name=variant or name) for variant, one in each.items()}
        main, baseline = found.pop(""), found.pop(BASELINE)
        validation = validations[key]
        gathered[key][name] = Facts(validation.subject_of(name), validation.scenarios[name], main, baseline, found)
    return with_effects(gathered, evaluator.effects, without=without_effects)


def _without_own_options(request: Request, evaluation: Evaluation, evaluator: Evaluator) -> Evaluation:
    """The machine without the subject, and without what is said of the options that the subject declares."""
    if evaluation.error and UNDECLARED.search(evaluation.error.message):
        # The scenario's `config` or an import gives a value to an option that only the subject declares.
        request = replace(request, config={**request.config, "_module": {"check": False}})
        return evaluator.evaluate({"": request})[""]
    return evaluation


def requests_of(subject: Subject, scenario: Scenario) -> dict[str, Request]:
    """What is evaluated of a scenario: itself (""), the machine without the subject, and the perturbations."""
    if subject.host is not None:
        return _of_host(subject, scenario.system)
    main = Request(subject, scenario.settings, scenario.config, scenario.system)
    # Without its module a subject is what it adds by overlays and imports; packages alone are all there is of one.
    nobody = replace(subject, module=None, option=(), packages=())
    if not subject.imports and (subject.module is None or not subject.overlays):
        nobody = Subject(Path("/nowhere"))
    bare = Request(nobody, {}, scenario.config, scenario.system, with_subject=False)
    found = {"": main, BASELINE: bare}
    if not subject.is_machine:
        return found
    if scenario.settings.get("enable") is False:
        # Switched off, other machines have nothing to add.
        return found
    found |= {
        FOREIGN_BOARD: replace(main, config=_on_board(scenario.config, FOREIGN.dtb)),
        RK3588_BOARD: replace(main, config=_on_board(scenario.config, _npu_board(scenario).dtb)),
        FOREIGN_SYSTEM: replace(main, system="x86_64-linux"),
        FOREIGN_SYSTEM_BASELINE: replace(bare, system="x86_64-linux"),
    }
    if scenario.settings.get("enable") is True:
        found[OFF] = replace(main, settings={**scenario.settings, "enable": False})
    return found


def _of_host(subject: Subject, system: str) -> dict[str, Request]:
    """A host is judged as it is deployed. Beside it stands a NixOS that sets nothing, and itself switched off."""
    host = Request(subject, system=system)
    nobody = Request(Subject(subject.root, host=subject.host), system=system, with_subject=False)
    found = {"": host, BASELINE: nobody}
    if subject.option:
        found[OFF] = replace(host, force=(Forced((*subject.option, "enable"), False),))
    return found


def _npu_board(scenario: Scenario) -> Board:
    """The RK3588 board a scenario is for; any other where it is for none."""
    own = (board for board in scenario.identities() if board.is_rk3588 and board.dtb)
    return next(own, named("orangepi-5-plus"))


def _on_board(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    hardware = dict(config.get("hardware") or {})
    device_tree = {**(hardware.get("deviceTree") or {}), "name": name}
    return {**config, "hardware": {**hardware, "deviceTree": device_tree}}


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
