"""Request: what to evaluate, as `expression/evaluate.nix` reads it.

NixOS accepts a module that is a value or a function of its arguments, and overlays that are functions of two. Files
with further functions around these (`{ inputs, ... }: { config, ... }: …`, `self: final: prev: …`) are applied first.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from rknn_validation.subject.references import FlakeAttribute, HostReference, Reference
from rknn_validation.subject.validation import Subject

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


def reference_to_json(kind: str, one: Reference) -> dict[str, Any]:
    """A part as `expression/subject.nix` reads it, with the functions it has more than `kind` has."""
    if isinstance(one, FlakeAttribute):
        return {"flake": one.flake, "path": list(one.path)}
    found = parameters(one)
    more = found[: max(0, len(found) - FUNCTIONS[kind])]
    return {"file": str(one), "more": [parameter.to_json() for parameter in more]}


def arguments_wanted(path: Path) -> tuple[str, ...]:
    """The arguments a module file has to be given beside those that NixOS gives."""
    found = [name for one in parameters(path) for name, _ in one.names]
    named = {one.name for one in parameters(path)} - {""}
    return tuple(name for name in (*found, *attributes_taken(path, named)) if name not in GIVEN)


def attributes_taken(path: Path, names: Container[str]) -> Iterator[str]:
    """What a file takes out of variables of these names: `args.inputs`, `inherit (args) inputs;`."""
    tree = read(path) if names else None
    for node in tree.walk() if tree else ():
        if isinstance(node, Select) and isinstance(node.target, Name) and node.target.id in names:
            yield from (part for part in node.path[:1] if isinstance(part, str))
        elif isinstance(node, Inherit) and isinstance(node.source, Name) and node.source.id in names:
            yield from node.names


@dataclass(frozen=True)
class Forced:
    """An option that is set to a value whatever else sets it, to see what follows."""

    path: tuple[str, ...]
    value: Any


@dataclass(frozen=True)
class Request:
    """What to evaluate: `settings` below the subject's option, `config` beside it, on `system`.

    `with_subject` False gives the same machine without the subject's module and settings; of a host, a NixOS that
    sets nothing. A host is what it is: of all this only `force` changes it.
    """

    subject: Subject
    settings: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    system: str = "aarch64-linux"
    with_subject: bool = True
    force: Sequence[Forced] = ()

    @property
    def subject_key(self) -> str:
        """The same text for all requests of a subject."""
        return json.dumps(self.to_json()["subject"], sort_keys=True)

    def to_json(self) -> dict[str, Any]:
        """As `expression/evaluate.nix` reads it."""
        return {
            "subject": subject_to_json(self.subject),
            "settings": dict(self.settings),
            "config": dict(self.config),
            "system": self.system,
            "withSubject": self.with_subject,
            "force": [{"path": list(one.path), "value": one.value} for one in self.force],
        }


def subject_to_json(subject: Subject) -> dict[str, Any]:
    """A subject as `expression/system.nix` reads it."""
    return {
        "root": str(subject.root),
        "home": home(subject),
        "module": None if subject.module is None else reference_to_json("module", subject.module),
        "option": list(subject.option),
        "overlays": [reference_to_json("overlay", one) for one in subject.overlays],
        "imports": [reference_to_json("module", one) for one in subject.imports],
        "packages": [reference_to_json("package", one) for one in subject.packages],
        "specialArgs": {name: one.to_json() for name, one in subject.special_args.items()},
        "host": None if subject.host is None else _host(subject.host),
    }


def _host(host: HostReference) -> dict[str, Any]:
    return {"flake": host.flake, "file": str(host.file or ""), "path": list(host.path)}


def home(subject: Subject) -> str | None:
    """The flake that a subject's files lie in, where a function of theirs has to be given something of it."""
    parts = [("module", subject.module), *(("module", one) for one in subject.imports)]
    parts += [("overlay", one) for one in subject.overlays] + [("package", one) for one in subject.packages]
    if not any(reference_to_json(kind, one).get("more") for kind, one in parts if one is not None):
        return None
    above = (one for one in (subject.root, *subject.root.parents) if (one / "flake.nix").is_file())
    found = next(above, None)
    return None if found is None else str(found)


def flakes_of(subject: Subject) -> tuple[str, ...]:
    """The flakes that a subject names, or lies in."""
    parts: tuple[Reference | None, ...] = (subject.module, *subject.imports, *subject.overlays, *subject.packages)
    parts += tuple(one.part for one in subject.special_args.values())
    named = [one.flake for one in parts if isinstance(one, FlakeAttribute)]
    named += [subject.host.flake] if subject.host and subject.host.flake else []
    own = home(subject)
    return tuple(dict.fromkeys([*named, *([own] if own else [])]))
