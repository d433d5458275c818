"""The NixOS tests as far as they are known by evaluating them: what they ask, of whom, and what runs."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path

import driver
import pytest
from nixostests import NAMES, ROOT, NixosTest, evaluate

from rknn_validation.checks.node import checks_of
from rknn_validation.subject.validation import load
from rknn_validation.suites.nixostest import read

pytestmark = pytest.mark.unit

STUBS = ROOT / "tests/nixos-vm/stubs"


@pytest.fixture(scope="module")
def tests() -> dict[str, NixosTest]:
    return evaluate()


def signatures(file: Path, *classes: str) -> dict[str, str]:
    """The public methods of these classes, with arguments, defaults and types as they are written."""
    found = [one for one in ast.parse(file.read_text()).body if isinstance(one, ast.ClassDef) and one.name in classes]
    methods = [method for one in found for method in one.body if isinstance(method, ast.FunctionDef)]
    return {
        method.name: f"({ast.unparse(method.args)}) -> {ast.unparse(method.returns or method)}"
        for method in methods
        if not method.name.startswith("_")
    }


def test_the_object_over_a_board_has_the_drivers_signatures() -> None:
    declared = signatures(STUBS / "test_driver/machine.pyi", "BaseMachine", "QemuMachine")
    own = signatures(Path(driver.__file__), "DriverMachine")
    assert {"execute", "succeed", "fail", "systemctl", "wait_for_unit", "wait_until_succeeds", "crash"} <= own.keys()
    assert own == {name: declared[name] for name in own}


def test_scenarios_are_those_of_the_subject_file(tests: dict[str, NixosTest], tmp_path: Path) -> None:
    validation = load(ROOT / "validation.yaml")
    for test in tests.values():
        (tmp_path / "file").write_text(test.expectation)
        asked = read(tmp_path / "file")
        scenario, wanted = asked.expectation.scenario, validation.scenarios[asked.expectation.scenario.name]
        assert (scenario.stack, scenario.settings, scenario.config) == (wanted.stack, wanted.settings, wanted.config)
        assert set(scenario.boards) <= set(wanted.boards)
        assert scenario.boards == (asked.expectation.board.name,)
        # The overlays of the subject, and one that puts the stand-ins in.
        configuration = asked.expectation.configuration
        assert configuration.raw["nixpkgs.overlays"] == len(validation.subject.overlays) + 1
        assert asked.stand_ins


def test_the_documentation_names_each_with_scenario_and_board(tests: dict[str, NixosTest]) -> None:
    documented = (ROOT / "docs/nixos-tests.md").read_text()
    for name, test in tests.items():
        data = json.loads(test.expectation)
        assert f"| `{name}` | `{data['scenario']['name']}` | `{data['board']}` |" in documented


def test_a_scenario_that_does_not_evaluate_is_an_error_of_the_evaluation(tmp_path: Path) -> None:
    for file in ("flake.nix", "pyproject.toml"):
        shutil.copy(ROOT / file, tmp_path)
    for part in ("nixos", "src", "tests/nixos-vm"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    scenarios = tmp_path / "tests/nixos-vm/nix/scenarios.nix"
    scenarios.write_text(scenarios.read_text().replace("settings.enable = false;", "settings.enabel = false;"))
    with pytest.raises(AssertionError, match=r"hardware\.rknn\.enabel' does not exist|scenario disabled does not"):
        evaluate(root=tmp_path)


def test_together_they_ask_every_check_of_every_scenario(tests: dict[str, NixosTest], tmp_path: Path) -> None:
    asked = set()
    for test in tests.values():
        (tmp_path / "file").write_text(test.expectation)
        expectation = read(tmp_path / "file").expectation
        asked |= {(expectation.scenario.stack, check.id) for check in checks_of(expectation)}
    topics = {(stack, check.partition(".")[0]) for stack, check in asked}
    assert {("mainline", "udev"), ("vendor", "library"), ("vendor", "guard"), ("none", "disabled")} <= topics


def test_the_guest_is_the_same_whatever_the_driver_runs_on(tests: dict[str, NixosTest]) -> None:
    native = evaluate("aarch64-linux")
    for name in NAMES:
        assert tests[name].more["system"] == native[name].more["system"] == "aarch64-linux"
        assert tests[name].expectation == native[name].expectation
        # Runs with or without KVM.
        assert tests[name].more["features"] == ["nixos-test"]
    assert ["rknpu" in str(tests[name].more["drivers"]) for name in NAMES] == [True, True, True, False]


def test_what_runs_is_what_the_node_has(tests: dict[str, NixosTest], tmp_path: Path) -> None:
    data = json.loads(tests["library-path"].expectation)
    (tmp_path / "file").write_text(tests["library-path"].expectation)
    names = {package.name for package in read(tmp_path / "file").expectation.configuration.packages()}
    assert "rknn-runtime-stub-2.3.2" in names
    assert not {name for name in names if name.startswith("rknn-runtime-2")}
    assert data["client"].endswith("/bin/npu-client")
    # Whose name would be a trace of the NPU on a node that must have none.
    assert json.loads(tests["module-off"].expectation)["client"] == ""
