"""Names the nixpkgs library has: what tells a misspelled function from one the stand-in merely lacks."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.common.process import run, tool

LIBRARY_NAMES = Path(__file__).parent / "standin" / "lib" / "data" / "names.json"
"""Recorded by scripts/record_nixpkgs.py: `{"": [names of lib], "strings": [names of lib.strings], ...}`."""
NAMESPACES = (
    "asserts",
    "attrsets",
    "cli",
    "customisation",
    "debug",
    "derivations",
    "fetchers",
    "fileset",
    "filesystem",
    "fixedPoints",
    "generators",
    "gvariant",
    "kernel",
    "lists",
    "meta",
    "modules",
    "options",
    "path",
    "platforms",
    "sources",
    "sourceTypes",
    "strings",
    "systems",
    "trivial",
    "types",
    "versions",
    "licenses",
)


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


@cache
def library_names() -> dict[str, frozenset[str]]:
    """The recorded names, by namespace ("" is `lib` itself)."""
    return {namespace: frozenset(names) for namespace, names in json.loads(LIBRARY_NAMES.read_text()).items()}
