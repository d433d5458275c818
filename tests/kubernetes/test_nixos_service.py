"""The node driver as a NixOS service: judged as any subject is, and what its unit starts is what the driver takes."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest
from rknn_npu_driver.__main__ import parser

from rknn_validation.checks.configuration import applicable, ask
from rknn_validation.checks.model import Status
from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.gather import Evaluator, gather
from rknn_validation.facts.model import Facts
from rknn_validation.subject.validation import load

pytestmark = [pytest.mark.unit, pytest.mark.kubernetes]

NIXOS = Path(__file__).resolve().parents[2] / "nixos"
DRIVER = {"enable": True, "metricsPort": 9400}
SCENARIOS = {
    "vendor": ({"stack": "vendor", "cdi": {"enable": True}}, DRIVER, "orangepi-5-plus"),
    "mainline": ({"stack": "mainline"}, {**DRIVER, "interface": "device-plugin", "kubeconfig": None}, "rock-5b"),
}


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Facts]:
    """The module with the service, on both stacks."""
    subject = {
        "module": str(NIXOS / "modules/nixos/rknn-node-driver.nix"),
        "imports": [str(NIXOS / "modules/nixos/rknn.nix")],
        "option": "hardware.rknn",
        "overlays": [str(NIXOS / "overlays/rknn-packages.nix"), str(NIXOS / "overlays/linux-rknpu.nix")],
    }
    scenarios = {
        name: {
            "stack": name,
            "settings": {"enable": True, **settings},
            "config": {"services": {"rknn-node-driver": driver}},
            "boards": [board],
        }
        for name, (settings, driver, board) in SCENARIOS.items()
    }
    file = tmp_path_factory.mktemp("driver") / "validation.yaml"
    file.write_text(json.dumps({"subject": subject, "scenarios": scenarios}))  # which is YAML as well
    return gather(load(file), Evaluator(None, Deadline.after(120, "Nix to evaluate the service")))


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_check_fails(name: str, gathered: Mapping[str, Facts]) -> None:
    answers = {check.id: ask(check, gathered[name]) for check in applicable(gathered[name])}
    bad = {one: answer for one, answer in answers.items() if answer.status in (Status.FAIL, Status.INCONCLUSIVE)}
    assert not bad
    assert sum(answer.status is Status.PASS for answer in answers.values()) > 50


def started(facts: Facts, unit: str) -> list[str]:
    (line,) = facts.configuration.units[f"{unit}.service"].sections["Service"]["ExecStart"]
    return shlex.split(line)[1:]


def test_the_units_start_the_driver_with_arguments_it_takes(gathered: Mapping[str, Facts]) -> None:
    vendor = parser().parse_args(started(gathered["vendor"], "rknn-node-driver"))
    assert (vendor.interface, vendor.node, vendor.metrics) == ("dra", "nixos", ("0.0.0.0", 9400))
    (library,) = vendor.library
    assert (library.stack, library.target) == ("vendor", "/usr/lib/librknnrt.so")
    mainline = parser().parse_args(started(gathered["mainline"], "rknn-node-driver"))
    assert (mainline.interface, mainline.kubeconfig, mainline.node) == ("device-plugin", None, "")
    assert parser().parse_args(started(gathered["vendor"], "rknn-cdi")).write_spec
