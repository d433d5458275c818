"""What a nixpkgs library gives for the recorded cases: values in one process per file, errors one by one."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.common.process import run, tool

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
    # As text, older Nix has the error first and newer Nix its trace; the log has the bare message with either.
    done = run([*command, "--log-format", "internal-json"], deadline=deadline, memory=4 * 2**30)
    if done.returncode == 0:
        return {"value": json.loads(done.stdout)}
    return {"error": message(done.stderr)}


def message(log: str) -> str:
    """The error in Nix's log, without position, excerpt, colour and hints; white space does not count."""
    entries = [json.loads(line.removeprefix("@nix ")) for line in log.splitlines() if line.startswith("@nix ")]
    errors = [entry["raw_msg"] for entry in entries if entry.get("level") == 0 and "raw_msg" in entry]
    if not errors:
        raise HarnessError("Nix failed without an error in its log", expected="one with raw_msg", seen=log[-2000:])
    text = re.sub(r"\x1b\[[0-9;]*m", "", errors[-1])
    # Newer Nix adds the value to this error of its own.
    text = re.sub(r"^(cannot coerce .+ to a string): .*$", r"\1", text)
    return " ".join(text.replace(str(CASES), "<cases>").split())
