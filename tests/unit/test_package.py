"""The package as `pip install` gives it: the command, the suites, and nothing in the way of other projects."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 300
MODULE = """\
{ config, lib, ... }:
{
  options.services.npu.enable = lib.mkEnableOption "the NPU";
  config = lib.mkIf config.services.npu.enable { };
}
"""
SUBJECT = """\
subject: {module: module.nix, option: services.npu}
scenarios:
  off: {stack: none, settings: {enable: false}}
"""
STRANGER = """\
import signal

def test_that_runs(request):
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert not hasattr(request.config.option, "flake")

def test_with_an_option_of_its_own(request):
    assert request.config.getoption("--hardware") == "npu"
"""
STRANGERS_CONFTEST = """\
import pytest

def pytest_addoption(parser):
    parser.addoption("--hardware")
    parser.addoption("--group")

def pytest_configure(config):
    config.addinivalue_line("markers", "hardware: of this project")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what it is made of."""
    if not all(map(importlib.util.find_spec, ("pip", "setuptools"))):
        pytest.skip("no pip or no setuptools here: in `nix develop`, the flake builds the package")
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    build = ("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    done = ran(Path(sys.executable), source, "-m", "pip", *build, "--wheel-dir", str(target), str(source))
    assert done.returncode == 0, done.stdout
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has the wheel, and what it depends on from the environment of this run."""
    directory = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", directory], check=True, timeout=SECONDS)
    python = directory / "bin" / "python"
    places = ran(python, directory, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    site = Path(places.stdout.strip())
    words = ("-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel))
    done = ran(Path(sys.executable), directory, *words)
    assert done.returncode == 0, done.stdout
    others = [path for path in sys.path if path.endswith("site-packages")]
    # Behind the wheel, and without the .pth files there: an editable install of this project is one of them.
    (site / "others.pth").write_text("".join(f"{path}\n" for path in others))
    return python


def ran(python: Path, directory: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a Python says that knows nothing of this checkout."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHONPATH"))}
    return subprocess.run(
        [python, *words],
        cwd=directory,
        env={**clean, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def validate(python: Path, tmp_path: Path) -> Iterator[Run]:
    """`validate(*words)`: `rknn-validate` in an empty folder, which is also given as `tmp_path`."""

    def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return ran(python, tmp_path, str(python.with_name("rknn-validate")), *words, **environment)

    yield run


def subject(directory: Path) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "module.nix").write_text(MODULE)
    path = directory / "validation.yaml"
    path.write_text(SUBJECT)
    return path


def test_the_wheel_has_everything_that_is_read_at_run_time(wheel: Path) -> None:
    package = ROOT / "src" / "rknn_validation"
    ours = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", ".")
    listed = subprocess.run(ours, cwd=package, capture_output=True, text=True, check=True, timeout=60).stdout
    wanted = {f"rknn_validation/{name}" for name in listed.split("\0") if name and (package / name).exists()}
    with zipfile.ZipFile(wheel) as archive:
        found = set(archive.namelist())
    assert len(wanted) > 200
    assert wanted - found == set()


def test_another_projects_tests_run_as_without_it(python: Path, tmp_path: Path) -> None:
    (tmp_path / "test_stranger.py").write_text(STRANGER)
    (tmp_path / "conftest.py").write_text(STRANGERS_CONFTEST)
    (tmp_path / "validation.yaml").write_text("rules: {name: required}\n")
    (tmp_path / "test_marked.py").write_text("import pytest\n@pytest.mark.hardware\ndef test_marked(): pass\n")
    with_it = ran(python, tmp_path, "-m", "pytest", "--strict-markers", "--hardware", "npu")
    without = ran(
        python,
        tmp_path,
        "-m",
        "pytest",
        "--strict-markers",
        "--hardware",
        "npu",
        "-p",
        "no:rknn_validation.pytestplugin.entry",
    )
    assert with_it.returncode == without.returncode == 0, with_it.stdout
    assert "3 passed" in with_it.stdout

    def lines(done: subprocess.CompletedProcess[str]) -> list[str]:
        heads = [line for line in done.stdout.splitlines() if not line.startswith("plugins:")]
        return [line.rpartition(" in ")[0] or line for line in heads]

    assert lines(with_it) == lines(without)
    assert not (tmp_path / "report").exists()


def test_an_option_of_another_project_is_still_unknown_to_those_that_have_none(python: Path, tmp_path: Path) -> None:
    done = ran(python, tmp_path, "-m", "pytest", "--of-nobody")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "unrecognized arguments: --of-nobody" in done.stdout


def test_a_subject_beside_other_tests_waits_until_one_asks_about_it(python: Path, tmp_path: Path) -> None:
    subject(tmp_path)
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n")
    done = ran(python, tmp_path, "-m", "pytest")
    assert (done.returncode, (tmp_path / "report").exists()) == (0, False), done.stdout
    assert "nixpkgs" not in done.stdout
    (tmp_path / "conftest.py").write_text(STRANGERS_CONFTEST)
    done = ran(python, tmp_path, "-m", "pytest", "--group", "1")
    assert (done.returncode, (tmp_path / "report").exists()) == (0, False), done.stdout
    (tmp_path / "conftest.py").unlink()
    (tmp_path / "test_own.py").write_text("def test_own(validation): assert list(validation.scenarios) == ['off']\n")
    done = ran(python, tmp_path, "-m", "pytest")
    assert done.returncode == 0, done.stdout


def test_an_option_that_somebody_else_has_is_named(python: Path, tmp_path: Path) -> None:
    subject(tmp_path)
    (tmp_path / "other.py").write_text("def pytest_addoption(parser):\n    parser.addoption('--group')\n")
    words = ("-m", "pytest", "-p", "other", "--pyargs", "rknn_validation.suites")
    done = ran(python, tmp_path, *words, PYTHONPATH=str(tmp_path))
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--group" in done.stdout and "run rknn-validate" in done.stdout and "Traceback" not in done.stdout


def test_in_an_empty_folder_the_command_says_what_to_write(validate: Run) -> None:
    done = validate()
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "there is nothing to judge" in done.stdout
    assert "--flake" in done.stdout and "validation.yaml" in done.stdout and "hosts:" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        (".#opi01", "--flake .#opi01"),
        ("some/validation.yaml", "--subject some/validation.yaml"),
        ("host.nix", "--file host.nix"),
        ("tests", "--help"),
    ],
)
def test_a_subject_without_its_option_is_refused(validate: Run, tmp_path: Path, word: str, hint: str) -> None:
    subject(tmp_path)
    done = validate("-m", "unit", word)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert hint in done.stdout


def test_the_command_judges_a_subject_from_anywhere(validate: Run, tmp_path: Path) -> None:
    path = subject(tmp_path / "elsewhere")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --of-nobody\npython_files = none\n")
    (tmp_path / "conftest.py").write_text("raise SystemExit('not ours to read')\n")
    done = validate("--subject", str(path), "-m", "unit")
    assert done.returncode == 0, done.stdout
    assert "evaluation.succeeds" in (tmp_path / "report" / "results.json").read_text()


def test_the_command_judges_the_subject_of_the_folder_in_two_processes(validate: Run, tmp_path: Path) -> None:
    subject(tmp_path)
    done = validate("-m", "unit", "-n", "2")
    assert done.returncode == 0, done.stdout
    assert "evaluation.succeeds" in (tmp_path / "report" / "results.json").read_text()


def test_a_failing_subject_fails(validate: Run, tmp_path: Path) -> None:
    path = subject(tmp_path)
    path.write_text(SUBJECT.replace("stack: none", "stack: vendor").replace("false", "true"))
    done = validate("-m", "unit")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout


def test_without_qemu_an_emulated_board_is_inconclusive(validate: Run, tmp_path: Path) -> None:
    subject(tmp_path)
    nix = shutil.which("nix-instantiate")
    assert nix is not None
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "nix-instantiate").symlink_to(nix)
    words = ("-m", "vm", "-k", "disabled", "--cache", str(tmp_path / "cache"))
    done = validate(*words, PATH=str(programs))
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
    verdicts = json.loads((tmp_path / "report" / "results.json").read_text())["verdicts"]
    assert {one["status"] for one in verdicts} == {"inconclusive"}


def test_the_suites_are_found_by_their_name(python: Path, tmp_path: Path) -> None:
    subject(tmp_path)
    elsewhere = subject(tmp_path / "elsewhere")
    (elsewhere.parent / "conftest.py").write_text("raise SystemExit('not ours to read')\n")
    words = ("-m", "pytest", "--strict-markers", "--pyargs", "rknn_validation.suites", "-m", "unit", "-q")
    done = ran(python, tmp_path, *words, "--subject", str(elsewhere))
    assert done.returncode == 0, done.stdout
    assert "AssertRewriteWarning" not in done.stdout and "already imported" not in done.stdout
    assert (tmp_path / "report" / "results.json").exists()


def test_a_flake_is_judged_without_a_subject_file(validate: Run, tmp_path: Path) -> None:
    done = validate("--flake", f"{ROOT}#opi01", "-m", "unit", "-k", "evaluation.succeeds")
    assert done.returncode == 0, done.stdout
    done = validate("--flake", f"{ROOT}#nobody", "-m", "unit")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR and "opi01" in done.stdout, done.stdout


def test_python_runs_it_as_a_module(python: Path, tmp_path: Path) -> None:
    done = ran(python, tmp_path, "-m", "rknn_validation", "--version")
    assert done.returncode == 0 and done.stdout.startswith("rknn-validate "), done.stdout
