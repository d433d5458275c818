"""Shell scripts and CI definitions: what a machine runs without anybody watching."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import hybrid
import pytest
import yaml

from rknn_validation.common.process import tool
from rknn_validation.facts.nix import nixpkgs

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "validate.yml"


def shellcheck(*arguments: str, text: str | None = None) -> str:
    """What shellcheck says; "" where it has nothing to say."""
    command = [tool("shellcheck", "run ./setup.sh"), *arguments]
    done = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def jobs() -> dict[str, dict[str, Any]]:
    """The jobs of the workflow."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(WORKFLOW.read_text())["jobs"]
    return found


def steps() -> list[dict[str, Any]]:
    """Every step of every job."""
    return [step for job in jobs().values() for step in job["steps"]]


def test_shell_scripts_are_clean() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    scripts = [
        name
        for name in filter(None, listed.split("\0"))
        if (ROOT / name).is_file()
        and (ROOT / name).open("rb").read(20).startswith((b"#!/bin/sh", b"#!/usr/bin/env bash"))
    ]
    assert "setup.sh" in scripts
    assert shellcheck(*scripts) == ""
    assert "SC2086" in shellcheck("-s", "bash", "-", text="rm $1\n")


def test_the_workflow_has_every_tier() -> None:
    assert set(jobs()) == {"unit", "vm", "flake", "nixos-tests", "hardware"}
    # YAML 1.1 reads the key `on` as true.
    triggers = yaml.safe_load(WORKFLOW.read_text())[True]
    assert {"push", "schedule", "workflow_dispatch"} <= set(triggers)


@pytest.mark.parametrize("name", jobs())
def test_jobs_end_and_real_nodes_are_not_everybody_s(name: str) -> None:
    job = jobs()[name]
    assert 0 < job["timeout-minutes"] <= 240
    own = "self-hosted" in job["runs-on"]
    assert own == (name in ("nixos-tests", "hardware"))
    if own:
        assert job["if"] == "github.event_name == 'schedule' || github.event_name == 'workflow_dispatch'"


def test_both_releases_are_judged_with_the_oldest_and_the_newest_nix() -> None:
    job = jobs()["flake"]
    assert job["strategy"]["matrix"] == {"release": ["locked", "26.05", "26.11"], "nix": ["2.18.9", "newest"]}
    oldest = tuple(int(part) for part in job["strategy"]["matrix"]["nix"][0].split("."))
    assert oldest[:2] == nixpkgs.OLDEST
    assert job["strategy"]["fail-fast"] is False
    told = "\n".join(step.get("run", "") for step in job["steps"])
    assert all(word in told for word in ("--all-systems", "--nixpkgs", hybrid.VARIABLE, "test_hybrid.py"))


def test_steps_are_clean_shell_and_take_nothing_from_outside() -> None:
    scripts = [step["run"] for step in steps() if "run" in step]
    assert len(scripts) >= 8
    for script in scripts:
        assert "${{" not in script, f"an expression pasted into a script: {script}"
        assert shellcheck("-s", "bash", "-", text=script) == ""


def test_the_checks_it_builds_exist() -> None:
    assert ".#checks.x86_64-linux.{hosts,package,unit}" in WORKFLOW.read_text()
    assert yaml.safe_load(WORKFLOW.read_text())["defaults"]["run"]["shell"] == "bash", "sh knows no braces"
    checks = (ROOT / "nixos" / "flake" / "checks.nix").read_text()
    assert all(f"{name} =" in checks or f") {name};" in checks for name in ("hosts", "package", "unit"))
