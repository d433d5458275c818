"""Small NixOS configurations, evaluated with the stand-in."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.process import run, tool
from rknn_validation.facts.nix.command import STANDIN

HERE = Path(__file__).parent


def nix(file: str, **arguments: str) -> subprocess.CompletedProcess[str]:
    """Evaluate a file beside this one."""
    command = [tool("nix-instantiate", "install Nix"), "--eval", "--strict", "--json", "--store", "dummy://"]
    for name, value in {"standin": str(STANDIN), **arguments}.items():
        command += ["--argstr", name, value]
    return run([*command, str(HERE / file)], deadline=Deadline.after(60, f"evaluating {file}"), memory=4 * 2**30)


@pytest.fixture(scope="session")
def values() -> dict[str, Any]:
    """Everything in `values.nix`."""
    done = nix("values.nix")
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.fixture(scope="session")
def refusal() -> Callable[[str], str]:
    """Nix's message for a case of `errors.nix`."""

    def ask(case: str) -> str:
        done = nix("errors.nix", case=case)
        assert done.returncode != 0, f"{case} was accepted"
        return done.stderr

    return ask
