"""What a nixpkgs library gives for the recorded cases: values in one process per file, errors one by one."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rknn_validation.deadline import Deadline
from rknn_validation.process import run, tool

CASES = Path(__file__).parent / "cases"
RECORDED = CASES / "recorded.json"
FAILING = "errors"
"""The file whose cases all fail: a process ends at its first error, so each has one of its own."""


def files() -> list[str]:
    """Names of the case files."""
    return sorted(path.stem for path in CASES.glob("*.nix"))


def observe(name: str, nixpkgs: Path, deadline: Deadline) -> dict[str, dict[str, Any]]:
    """Every case of one file: `{"value": ...}` or `{"error": message}`."""
    if name != FAILING:
        together = _evaluate(name, "", nixpkgs, deadline)
        if "value" in together:
            return {case: {"value": value} for case, value in together["value"].items()}
    names = _names(name, nixpkgs, deadline)
    with ThreadPoolExecutor(max_workers=4) as pool:
        results = pool.map(lambda case: _evaluate(name, f'."{case}"', nixpkgs, deadline), names)
        return dict(zip(names, results, strict=True))


def _names(name: str, nixpkgs: Path, deadline: Deadline) -> list[str]:
    listed = _evaluate(name, "", nixpkgs, deadline, around="builtins.attrNames")
    return list(listed["value"])


def _evaluate(name: str, part: str, nixpkgs: Path, deadline: Deadline, around: str = "") -> dict[str, Any]:
    # The paths are the harness's own; they reach Nix as arguments all the same.
    expression = "{ nixpkgs, file }: " + around + ' (import file { lib = import (nixpkgs + "/lib"); })' + part
    command = [tool("nix-instantiate", "install Nix"), "--eval", "--strict", "--json", "--store", "dummy://"]
    command += ["--argstr", "nixpkgs", str(nixpkgs), "--argstr", "file", str(CASES / f"{name}.nix")]
    command += ["-E", expression]
    done = run(command, deadline=deadline, memory=4 * 2**30)
    if done.returncode == 0:
        return {"value": json.loads(done.stdout)}
    return {"error": message(done.stderr)}


def message(text: str) -> str:
    """Nix's error without position, source excerpt, colour and hints; white space does not count."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    text = "\n".join(line for line in text.splitlines() if not line.startswith(("warning:", "trace:")))
    text = text[text.find("error:") + len("error:") :].split("\n\n       at ")[0]
    text = text.split("(use '--show-trace'")[0]
    return " ".join(text.replace(str(CASES), "<cases>").split())
