#!/usr/bin/env python3
"""Records how a real nixpkgs library behaves, for the stand-in to be held to.

    scripts/record_nixpkgs.py --nixpkgs PATH

evaluates every case below tests/unit/nix/cases/ with the library in PATH/lib, and the names that library
offers; both end up in the repository. What differs from what was recorded before is printed, and recorded only with
--replace: a case that another nixpkgs or another Nix answers differently is to be looked at first. New ones are added.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "unit" / "nix")]

import recording  # noqa: E402

from rknn_validation.common.deadline import Deadline  # noqa: E402
from rknn_validation.common.errors import HarnessError  # noqa: E402
from rknn_validation.common.process import run, tool  # noqa: E402
from rknn_validation.facts.nix.namespaces import LIBRARY_NAMES  # noqa: E402

NEW = ": new"
NAMESPACES = (
    *("asserts", "attrsets", "cli", "customisation", "debug", "derivations", "fetchers", "fileset"),
    *("filesystem", "fixedPoints", "generators", "gvariant", "kernel", "lists", "meta", "modules"),
    *("options", "path", "platforms", "sources", "sourceTypes", "strings", "systems", "trivial", "types"),
    *("versions", "licenses"),
)
"""How the line of a case ends that was not recorded before."""


def record_names(nixpkgs: Path, deadline: Deadline) -> dict[str, list[str]]:
    """The attribute names of a real library. Raises HarnessError when it does not evaluate."""
    expression = (
        '{ nixpkgs, namespaces }: let lib = import (nixpkgs + "/lib"); in { "" = builtins.attrNames lib; }'
        " // lib.genAttrs (builtins.fromJSON namespaces) (name: builtins.attrNames lib.${name})"
    )
    command = [tool("nix-instantiate", "install Nix"), "--eval", "--strict", "--json", "--store", "dummy://"]
    command += ["--argstr", "nixpkgs", str(nixpkgs), "--argstr", "namespaces", json.dumps(NAMESPACES)]
    done = run([*command, "-E", expression], deadline=deadline)
    if done.returncode != 0:
        raise HarnessError(f"{nixpkgs}/lib does not evaluate", expected="a nixpkgs library", seen=done.stderr)
    names: dict[str, list[str]] = json.loads(done.stdout)
    return names


def main() -> int:
    """Record, and say what changed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nixpkgs", type=Path, required=True, help="a nixpkgs tree, or one that holds its lib/ alone")
    parser.add_argument("--replace", action="store_true", help="record what differs from before, too")
    given = parser.parse_args()
    nixpkgs = given.nixpkgs.resolve()
    if not (nixpkgs / "lib" / "default.nix").is_file():
        parser.error(f"expected a library at {nixpkgs}/lib/default.nix; there is none")
    deadline = Deadline.after(600, "the recorded cases")
    cases = {name: recording.observe(name, nixpkgs, deadline) for name in recording.files()}
    before = json.loads(recording.RECORDED.read_text()) if recording.RECORDED.exists() else {"cases": {}}
    changed = differences(before["cases"], cases)
    for line in changed:
        print(line)
    if not given.replace and any(not line.endswith(NEW) for line in changed):
        print("nothing is recorded; --replace does, once these are understood", file=sys.stderr)
        return 1
    version = (nixpkgs / "lib" / ".version").read_text().strip()
    recording.RECORDED.write_text(cases_text(version, cases))
    LIBRARY_NAMES.write_text(names_text(record_names(nixpkgs, deadline)))
    print(f"recorded {sum(map(len, cases.values()))} cases from nixpkgs {version}")
    return 0


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """One line per case whose result is new, gone or another."""
    old = {(name, case): result for name, cases in before.items() for case, result in cases.items()}
    new = {(name, case): result for name, cases in now.items() for case, result in cases.items()}
    return [
        f"{name}.{case}: {old[name, case]} -> {new.get((name, case), 'gone')}"
        if (name, case) in old
        else f"{name}.{case}{NEW}"
        for name, case in sorted(old.keys() | new.keys())
        if old.get((name, case)) != new.get((name, case))
    ]


def cases_text(version: str, cases: dict[str, dict[str, Any]]) -> str:
    """The recorded cases as JSON, one case a line."""
    files = []
    for name, results in sorted(cases.items()):
        lines = [f"   {text(case)}: {text(result)}" for case, result in sorted(results.items())]
        files.append(f"  {text(name)}: {{\n" + ",\n".join(lines) + "\n  }")
    return '{\n "cases": {\n' + ",\n".join(files) + f'\n }},\n "nixpkgs": {text(version)}\n}}\n'


def names_text(names: dict[str, list[str]]) -> str:
    """The names of each namespace as JSON, in lines of readable length."""
    lists = {
        name: textwrap.fill(
            ", ".join(map(text, values)), 118, initial_indent=" " * 4, subsequent_indent=" " * 4, break_on_hyphens=False
        )
        for name, values in sorted(names.items())
    }
    return "{\n" + ",\n".join(f"  {text(name)}: [\n{values}\n  ]" for name, values in lists.items()) + "\n}\n"


def text(value: Any) -> str:
    """JSON of a value, in one line."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
