"""Reads tests/unit/subjects: what each subject is for, and what the checks say of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from rknn_validation.checks.configuration import applicable, ask
from rknn_validation.checks.model import Answer, Status
from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.gather import Evaluator, gather_many
from rknn_validation.facts.model import Facts
from rknn_validation.subject.validation import load

SUBJECTS = Path(__file__).parent / "subjects"
# libyaml's where there is one: every worker reads all of them before it knows its first test.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

EFFECTS = frozenset(
    {
        "options.are-used",
        "options.instances-are-kept-apart",
        "evaluation.leaves-nixpkgs-policy-alone",
        "access.machine-keeps-its-defences",
    }
)
"""Checks that look at what follows from other values of options, or at what the module defines."""


@dataclass(frozen=True)
class Expectation:
    """What expect.yaml says: the checks that must fail (none for a harmless variant) and those that may, too.

    `machines`: whether to evaluate the subject for other boards and architectures as well, which takes five times as
    long. It is on where that is what the subject is about; RKNN_ALL_MACHINES=1 has it on for all.
    `effects`: the same for what follows from other values of its options.
    `aborts`: Nix cannot catch its error. In a batch it would be found as well, after an evaluation for nothing.
    """

    name: str
    defect: str
    checks: tuple[str, ...]
    also: tuple[str, ...]
    machines: bool
    aborts: bool
    effects: bool

    @property
    def is_harmless(self) -> bool:
        """Whether no check may fail."""
        return not self.checks

    @property
    def needs_variants(self) -> bool:
        """Whether other machines have to be evaluated, too."""
        told = any(check.startswith(("guard.", "disabled.")) for check in self.checks)
        return self.machines or told or bool(os.environ.get("RKNN_ALL_MACHINES"))

    @property
    def needs_effects(self) -> bool:
        """Whether what follows from other values of its options has to be evaluated."""
        told = bool(EFFECTS & set(self.checks))
        return self.effects or told or bool(os.environ.get("RKNN_ALL_MACHINES"))


Answers = Mapping[str, Mapping[str, Answer]]
"""Answers by scenario and check."""


def expectations() -> list[Expectation]:
    """Every subject directory, by name; those whose names begin with _ are shared parts."""
    return [
        expectation(folder)
        for folder in sorted(SUBJECTS.iterdir())
        if folder.is_dir() and not folder.name.startswith(("_", "."))
    ]


def expectation(folder: Path) -> Expectation:
    """Read one expect.yaml. Raises ValueError when it says something else than these words."""
    data = yaml.load((folder / "expect.yaml").read_text(), Loader=LOADER)
    words = ("defect", "check", "also", "machines", "aborts", "effects")
    unknown = set(data) - set(words)
    if unknown or not {"defect", "check"} <= set(data):
        raise ValueError(f"{folder.name}/expect.yaml: expected {words[:2]}, perhaps {words[2:]}, seen {sorted(data)}")
    checks = () if data["check"] == "none" else _names(data["check"])
    also, machines, aborts = _names(data.get("also") or ()), bool(data.get("machines")), bool(data.get("aborts"))
    effects = bool(data.get("effects"))
    return Expectation(folder.name, data["defect"], checks, also, machines, aborts, effects)


def _names(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def evaluated(wanted: Iterable[Expectation]) -> dict[str, Mapping[str, Facts]]:
    """The given subjects by name, each with its cases by scenario; evaluated together.

    How a subject behaves on other machines is evaluated for harmless modules and for those meant to fail there.
    """
    expected = {one.name: one for one in wanted}
    together = [name for name, one in expected.items() if not one.aborts]
    alone = [[name] for name, one in expected.items() if one.aborts]
    thin = {name for name, one in expected.items() if not one.needs_variants}
    unmoved = {name for name, one in expected.items() if not one.needs_effects}
    deadline = Deadline.after(600, "the subjects to evaluate")

    def build(names: list[str]) -> dict[str, dict[str, Facts]]:
        validations = {name: load(SUBJECTS / name / "validation.yaml") for name in names}
        evaluator = Evaluator(None, deadline)
        return gather_many(validations, evaluator, without_perturbations=thin, without_effects=unmoved)

    with ThreadPoolExecutor(max_workers=2) as pool:
        return {name: gathered for part in pool.map(build, [together, *alone]) for name, gathered in part.items()}


def answers(gathered: Mapping[str, Facts]) -> Answers:
    """What every applicable check says of a subject."""
    return {scenario: _asked(facts) for scenario, facts in gathered.items()}


def _asked(facts: Facts) -> dict[str, Answer]:
    return {check.id: ask(check, facts) for check in applicable(facts)}


def red(given: Answers) -> dict[str, list[str]]:
    """The checks that failed or could not tell, with what they said in which scenario."""
    found: dict[str, list[str]] = {}
    for scenario, asked in given.items():
        for check, answer in asked.items():
            if answer.status in {Status.FAIL, Status.INCONCLUSIVE}:
                shown = "".join(f"\n      {one.source}: {one.output[:500]}" for one in answer.evidence[:4])
                found.setdefault(check, []).append(f"{scenario}: {answer.status.value}: {answer.reason}{shown}")
    return found
