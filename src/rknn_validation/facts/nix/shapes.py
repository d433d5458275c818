"""The shape of what a file holds: a module, an overlay or a package, perhaps behind functions that want an argument.

NixOS takes a module that is a value or a function of its arguments; overlays are functions of two. What is written as
a function more (`{ inputs, ... }: { config, ... }: …`, `self: final: prev: …`) is applied before it is taken.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rknn_validation.facts.nix.parse import read
from rknn_validation.facts.nix.syntax import (
    Assert,
    Function,
    Inherit,
    Let,
    Name,
    Node,
    Select,
    With,
)
from rknn_validation.subject.references import FlakeAttribute, Part

FUNCTIONS = {"module": 1, "overlay": 2, "package": 1}
"""How many functions lead to what NixOS takes, by kind."""
GIVEN = frozenset(
    {
        *("config", "options", "lib", "pkgs", "modulesPath", "utils", "extendModules", "specialArgs", "_class"),
        *("baseModules", "extraModules", "modules", "noUserModules", "moduleType", "_prefix", "name"),
    }
)
"""Arguments that NixOS gives every module."""


@dataclass(frozen=True)
class Parameter:
    """The argument of one function: `names` it takes out of a set (True: it has to be there), or its `name`."""

    name: str = ""
    names: tuple[tuple[str, bool], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As `expression/subject.nix` reads it."""
        return {"name": self.name, "names": [name for name, _ in self.names]}


def parameters(path: Path) -> list[Parameter]:
    """The functions that a file is, outermost first; none where it cannot be read: Nix will say why."""
    tree = read(path)
    return list(_functions(tree)) if tree else []


def _functions(node: Node) -> Iterator[Parameter]:
    while isinstance(node, Function | Let | With | Assert):
        if isinstance(node, Function):
            formals = tuple((one.id, one.default is None) for one in node.formals or ())
            yield Parameter(node.argument or "", formals)
        node = node.body


def part_to_json(kind: str, one: Part) -> dict[str, Any]:
    """A part as `expression/subject.nix` reads it, with the functions it has more than `kind` has."""
    if isinstance(one, FlakeAttribute):
        return {"flake": one.flake, "path": list(one.path)}
    found = parameters(one)
    more = found[: max(0, len(found) - FUNCTIONS[kind])]
    return {"file": str(one), "more": [parameter.to_json() for parameter in more]}


def wanted(path: Path) -> tuple[str, ...]:
    """The arguments a module file has to be given beside those that NixOS gives."""
    found = [name for one in parameters(path) for name, _ in one.names]
    named = {one.name for one in parameters(path)} - {""}
    return tuple(name for name in (*found, *taken(path, named)) if name not in GIVEN)


def taken(path: Path, names: Container[str]) -> Iterator[str]:
    """What a file takes out of variables of these names: `args.inputs`, `inherit (args) inputs;`."""
    tree = read(path) if names else None
    for node in tree.walk() if tree else ():
        if isinstance(node, Select) and isinstance(node.target, Name) and node.target.id in names:
            yield from (part for part in node.path[:1] if isinstance(part, str))
        elif isinstance(node, Inherit) and isinstance(node.source, Name) and node.source.id in names:
            yield from node.names
