"""The NixOS tests as the tools of their build see them: type checker, linter, compiler, device trees."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nixostests import NAMES, ROOT, NixosTest, evaluate

from rknn_validation.npu.boards import BOARDS

pytestmark = pytest.mark.integration

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


IMPORT = "from rknn_validation.suites.nixostest import run"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ('machine.suceed("true")', '"QemuMachine" has no attribute "suceed"'),
        (f"{IMPORT}\nrun(machine)", 'Missing positional argument "file"'),
        (f'{IMPORT}\nrun("machine", "file")', 'incompatible type "str"; expected "NixosTestMachine"'),
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


def test_the_stub_of_the_runtime_compiles(tests: dict[str, NixosTest], tmp_path: Path) -> None:
    """The package's own build phase, with the cross compiler in place of the node's."""
    stub = {one["name"]: one for one in tests["library-path"].more["builds"]}["rknn-runtime-stub-2.3.2"]
    script = f"runHook() {{ :; }}\nCC=aarch64-linux-gnu-gcc\n{stub['buildPhase']}"
    environment = {**os.environ, "src": stub["src"]}
    subprocess.run(["bash", "-euc", script], cwd=tmp_path, env=environment, check=True, timeout=60)
    assert (tmp_path / "librknnrt.so").read_bytes()[:4] == b"\x7fELF"


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
