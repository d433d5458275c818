"""The NixOS tests as far as they are known without a machine: what they say, and that the driver would take them."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import driver
import pytest
from nixostests import NAMES, ROOT, NixosTest, evaluate

from rknn_validation.checks.node import questions
from rknn_validation.nixostest import read
from rknn_validation.npu.boards import BOARDS
from rknn_validation.subject import load

pytestmark = pytest.mark.unit

STUBS = ROOT / "tests/nixos-vm/stubs"


@pytest.fixture(scope="module")
def tests() -> dict[str, NixosTest]:
    return evaluate()


def mypy(script: str, directory: Path) -> str:
    """What the driver's type check says of a testScript."""
    file = directory / "testScriptWithTypes.py"
    file.write_text(f"{(STUBS / 'prelude.py').read_text()}\n{script}")
    flags = ["--no-implicit-optional", "--pretty", "--no-color-output", "--config-file="]
    # The harness is an installed package to the driver: mypy reads its types and does not judge it.
    flags += ["--follow-imports=silent", "--cache-dir", str(directory.parent / "mypy-cache")]
    environment = {**os.environ, "MYPYPATH": f"{STUBS}:{ROOT / 'src'}"}
    command = [sys.executable, "-m", "mypy", *flags, str(file)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False).stdout


def test_scripts_fit_the_drivers_types(tests: dict[str, NixosTest], tmp_path: Path) -> None:
    scripts = {test.script.replace(test.file, "FILE") for test in tests.values()}
    assert len(scripts) == 1, "check each"
    assert mypy(scripts.pop(), tmp_path).startswith("Success")


IMPORT = "from rknn_validation.nixostest import run"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ('machine.suceed("true")', '"QemuMachine" has no attribute "suceed"'),
        (f"{IMPORT}\nrun(machine)", 'Missing positional argument "file"'),
        (f'{IMPORT}\nrun("machine", "file")', 'incompatible type "str"; expected "Driver"'),
        (f'{IMPORT}\nrun(machine, "file", machine.name)', "incompatible type"),
        ('machine.execute("true", timeout="9")', "incompatible type"),
    ],
)
def test_the_type_check_finds(script: str, message: str, tmp_path: Path) -> None:
    assert message in re.sub(r"\s+", " ", mypy(script, tmp_path))


def test_scripts_are_clean_to_the_drivers_linter(tests: dict[str, NixosTest], tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(tests["udev"].script)
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F", "--config", 'builtins=["machine"]']
    done = subprocess.run([*command, tmp_path], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


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
    shutil.copy(ROOT / "flake.nix", tmp_path)
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
        asked |= {(expectation.scenario.stack, check.id) for check in questions(expectation)}
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


def test_the_stub_of_the_runtime_compiles(tests: dict[str, NixosTest], tmp_path: Path) -> None:
    """The package's own build phase, with the cross compiler in place of the node's."""
    stub = {one["name"]: one for one in tests["library-path"].more["builds"]}["rknn-runtime-stub-2.3.2"]
    script = f"runHook() {{ :; }}\nCC=aarch64-linux-gnu-gcc\n{stub['buildPhase']}"
    environment = {**os.environ, "src": stub["src"]}
    subprocess.run(["bash", "-euc", script], cwd=tmp_path, env=environment, check=True, timeout=60)
    assert (tmp_path / "librknnrt.so").read_bytes()[:4] == b"\x7fELF"


def test_the_driver_gets_the_harness_without_its_plugin(tests: dict[str, NixosTest], tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    before = tomllib.loads((tmp_path / "pyproject.toml").read_text())
    subprocess.run(["bash", "-euc", tests["udev"].more["patch"]], cwd=tmp_path, check=True, timeout=60)
    after = tomllib.loads((tmp_path / "pyproject.toml").read_text())
    assert before["project"].pop("entry-points")
    assert after == before


@pytest.mark.skipif(not shutil.which("qemu-system-aarch64"), reason="no QEMU on PATH; run ./setup.sh")
@pytest.mark.parametrize("name", NAMES)
def test_the_device_tree_is_the_boards(name: str, tests: dict[str, NixosTest], tmp_path: Path) -> None:
    """The derivation's own commands, run here."""
    test = tests[name]
    tree = tmp_path / "tree.dtb"
    test.make_device_tree(tree)
    board = BOARDS[json.loads(test.expectation)["board"]]
    said = subprocess.run(["fdtget", tree, "/", "compatible"], capture_output=True, text=True, check=True).stdout
    listed = subprocess.run(["fdtget", "-l", tree, "/"], capture_output=True, text=True, check=True).stdout.split()
    nodes = {"udev": 3, "library-path": 1, "guard": 0, "module-off": 1}[name]
    assert tuple(said.split()) == board.compatible
    assert len([node for node in listed if node.startswith("npu@")]) == nodes
    dtb = [option for option in test.more["options"] if option.startswith("-dtb /nix/store/")]
    assert [option.endswith(f"-{board.name}.dtb") for option in dtb] == [True]
