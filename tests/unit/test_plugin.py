"""The plugin as pytest users meet it: each test runs a pytest of its own on a small subject."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = "src/rknn_validation/suites/test_configuration.py"
"""What `-m "verdict and unit"` selects, without a look at every other file."""
MODULE = """\
{ config, lib, ... }:
{
  options.services.npu.enable = lib.mkEnableOption "the NPU";
  config = lib.mkIf config.services.npu.enable { %s };
}
"""


def subject(directory: Path, body: str = "") -> Path:
    (directory / "module.nix").write_text(MODULE % body)
    path = directory / "validation.yaml"
    path.write_text(
        "subject: {module: module.nix, option: services.npu}\n"
        "scenarios:\n"
        "  off: {stack: none, settings: {enable: false}}\n"
        "  on: {stack: vendor, settings: {enable: true}}\n"
    )
    return path


def run(directory: Path, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--report", str(directory / "report"), *args],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def results(directory: Path) -> list[dict[str, str]]:
    found = json.loads((directory / "report" / "results.json").read_text())["verdicts"]
    assert isinstance(found, list)
    return found


def judged(directory: Path, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = directory / "validation.yaml"
    return run(directory, "--subject", str(path), *args, QUESTIONS, **environment)


def test_another_subject_is_judged_and_a_useless_module_fails(tmp_path: Path) -> None:
    subject(tmp_path)
    done = judged(tmp_path)
    assert done.returncode == 1, done.stdout
    assert "the NPU is not shown to work" in done.stdout
    assert {one["scenario"] for one in results(tmp_path)} == {"on", "off"}


def test_k_selects_by_check_and_scenario(tmp_path: Path) -> None:
    subject(tmp_path)
    done = judged(tmp_path, "-k", "off-evaluation")
    assert done.returncode == 0, done.stdout
    assert {one["scenario"] for one in results(tmp_path)} == {"off"}


def test_workers_report_the_same_verdicts(tmp_path: Path) -> None:
    subject(tmp_path)
    alone = judged(tmp_path)
    verdicts = {(one["check"], one["scenario"]): one["status"] for one in results(tmp_path)}
    shared = judged(tmp_path, "-n", "2")
    assert alone.returncode == shared.returncode == 1
    assert {(one["check"], one["scenario"]): one["status"] for one in results(tmp_path)} == verdicts


def test_a_malformed_subject_file_is_a_usage_error(tmp_path: Path) -> None:
    subject(tmp_path).write_text("subject: 3\n")
    done = judged(tmp_path)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "validation.yaml:1: subject" in done.stdout + done.stderr


def test_without_nix_every_verdict_is_inconclusive(tmp_path: Path) -> None:
    subject(tmp_path)
    done = judged(tmp_path, PATH=str(tmp_path))
    assert done.returncode == 1
    assert {one["status"] for one in results(tmp_path)} == {"inconclusive"}
    assert "nix-instantiate" in done.stdout
    assert "never counts as pass" in done.stdout


def test_a_syntax_error_is_the_subjects_failure_with_its_position(tmp_path: Path) -> None:
    subject(tmp_path)
    (tmp_path / "module.nix").write_text("{ config, lib, ... }:\n{\n  options = [ ;\n}\n")
    done = judged(tmp_path)
    assert done.returncode == 1
    failed = [one for one in results(tmp_path) if one["status"] == "fail"]
    assert {one["check"] for one in failed} == {"evaluation.succeeds"}
    assert "module.nix:3" in json.dumps(failed)


def test_an_evaluation_that_never_ends_is_inconclusive(tmp_path: Path) -> None:
    subject(tmp_path, "warnings = let f = n: if n == 0 then 0 else f (n - 1) + f (n - 1); in [ (toString (f 90)) ];")
    done = judged(tmp_path, "--evaluation-deadline", "2", "-k", "on-evaluation.succeeds")
    assert done.returncode == 1
    (verdict,) = results(tmp_path)
    assert verdict["status"] == "inconclusive"
    assert "2 s" in json.dumps(verdict)


def test_hardware_is_asked_only_when_told(tmp_path: Path) -> None:
    done = run(tmp_path, "--collect-only", "-q", "-m", "hardware")
    assert "::" not in done.stdout


def test_a_run_that_stops_at_its_first_failure_is_not_finished_and_a_selection_leaves_no_gap(tmp_path: Path) -> None:
    subject(tmp_path)
    judged(tmp_path)
    stopped = judged(tmp_path, "-x")
    assert stopped.returncode == 1
    report = json.loads((tmp_path / "report" / "results.json").read_text())
    assert not report["finished"]
    assert report["changes"]["gone"] == []
    selected = judged(tmp_path, "-k", "off-evaluation")
    assert "no verdict changed" in selected.stdout


def test_a_guest_image_without_the_guest_is_a_usage_error(tmp_path: Path) -> None:
    done = run(tmp_path, "--guest-image", str(tmp_path))
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "expected --guest nixos" in done.stderr


def test_a_nixos_guest_is_asked_about_the_subject_only(tmp_path: Path) -> None:
    words = ("--collect-only", "-q", "-m", "vm", "src/rknn_validation/suites/test_boards.py", "tests/nixos-vm/checks")
    debian, nixos = (run(tmp_path, *words, "--guest", guest).stdout for guest in ("debian", "nixos"))
    assert "test_failing.py" in debian and "test_failing.py" not in nixos
    assert "test_boards.py" in nixos
