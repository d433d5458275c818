"""Every host of the fleet is judged like a subject, with the module in the host's own configuration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from workers import Kept

from rknn_validation.checks.configuration import ask
from rknn_validation.checks.model import Status
from rknn_validation.checks.questions import configuration_questions
from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.gather import Evaluator, gather_many
from rknn_validation.facts.model import Facts
from rknn_validation.subject.validation import Scenario, Subject, Validation

pytestmark = pytest.mark.unit

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SYSTEM = ROOT / "nixos"
ON = {"enable": True}
HOSTS = {
    "opi01": Scenario("opi01", "vendor", ON, ("orangepi-5-plus",)),
    "opi02": Scenario("opi02", "mainline", ON, ("orangepi-5-plus",)),
    "opi03": Scenario("opi03", "vendor", ON, ("orangepi-5-plus",)),
    "rpi01": Scenario("rpi01", "none", ON, ("raspberrypi-4-b",)),
    "ampere01": Scenario("ampere01", "none", ON, ("virt",)),
    "amd01": Scenario("amd01", "none", {}, ("virt",), system="x86_64-linux"),
}


SPOILED = replace(HOSTS["opi01"], config={"boot": {"blacklistedKernelModules": ["rknpu"]}})
Answers = dict[str, tuple[Status, str]]


def subject_of(scenario: Scenario) -> Validation:
    """A host as a subject: the module in that host's own configuration."""
    imports = (SYSTEM / "hosts" / f"{scenario.name}.nix", HERE / "without.nix")
    option = ("hardware", "rknn")
    subject = Subject(ROOT, HERE / "subject.nix", option, (SYSTEM / "overlays" / "rknn-packages.nix",), imports)
    return Validation(HERE / "subject.nix", subject, {scenario.name: scenario}, {})


@pytest.fixture(scope="session")
def judged(kept: Kept) -> dict[str, Answers]:
    """Status and reason of every configuration check asked of each host, by host and question."""
    validations = {name: subject_of(scenario) for name, scenario in (HOSTS | {"spoiled": SPOILED}).items()}

    def evaluated() -> dict[str, dict[str, Facts]]:
        return gather_many(validations, Evaluator(None, Deadline.after(120, "Nix to evaluate the hosts")))

    found: dict[str, Answers] = {}
    for name, gathered in kept("fleet", evaluated, HERE, SYSTEM).items():
        validation = validations[name]
        (facts,) = gathered.values()
        answers = {one.check.id: ask(one.check, facts) for one in configuration_questions(validation)}
        found[name] = {check: (answer.status, answer.reason) for check, answer in answers.items()}
    return found


def wrong_in(answers: Answers) -> dict[str, str]:
    """The checks that failed or could not tell, with their reasons."""
    return {check: reason for check, (status, reason) in answers.items() if status not in (Status.PASS, Status.SKIP)}


def test_every_host_is_judged() -> None:
    assert {path.stem for path in (SYSTEM / "hosts").glob("*.nix")} - {"default"} == set(HOSTS)


@pytest.mark.parametrize("name", HOSTS)
def test_no_check_fails_on_the_host(name: str, judged: dict[str, Answers]) -> None:
    answers = judged[name]
    assert not wrong_in(answers)
    passed = sum(status is Status.PASS for status, _ in answers.values())
    assert passed > (60 if HOSTS[name].stack != "none" else 10)


def test_a_host_that_blacklists_its_driver_fails(judged: dict[str, Answers]) -> None:
    assert any(check.startswith("kernel") for check in wrong_in(judged["spoiled"]))
