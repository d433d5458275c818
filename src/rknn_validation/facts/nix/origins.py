"""Where a missing attribute would have come from: the subject, its configuration, the library, or nixpkgs' packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rknn_validation.facts.nix.namespaces import library_names
from rknn_validation.facts.nix.parse import read
from rknn_validation.facts.nix.syntax import (
    Apply,
    Attributes,
    Binding,
    Function,
    Inherit,
    Let,
    Name,
    Node,
    Operation,
    Select,
    Text,
    With,
)

_DEPTH = 12
_read = cache(read)
_EACH = frozenset(
    {"map", "filter", "concatMap", "mapAttrs", "mapAttrs'", "mapAttrsToList", "concatMapAttrs", "forEach"}
)
"""Functions that hand a collection's members to the function they are given."""


@dataclass(frozen=True)
class Origin:
    """`kind` is "subject", "config", "lib", "builtins", "pkgs" or "other".

    `path` is the option's for "config"; for "lib" and "pkgs" that of what is taken from them.
    """

    kind: str
    path: tuple[str, ...] = ()

    def select(self, parts: tuple[str, ...]) -> Origin:
        """What an attribute of it comes from."""
        return Origin(self.kind, (*self.path, *parts)) if self.kind in _PATHS else self

    @property
    def is_foreign(self) -> bool:
        """Whether neither the subject nor the library made it: nixpkgs' packages, and what is not known."""
        return self.kind in {"other", "pkgs"}


_PATHS = frozenset({"config", "lib", "pkgs"})
_SUBJECT, _LIB, _OTHER, _PKGS = Origin("subject"), Origin("lib"), Origin("other"), Origin("pkgs")
OWN = "cfg"
"""First name of a path below the subject's own options, wherever those live: what modules call `cfg`."""
_CONFIG = Origin("config")
_GIVEN = {"config": _CONFIG, "options": _CONFIG, "cfg": Origin("config", (OWN,)), "lib": _LIB, "pkgs": _PKGS}
_PACKAGE_SETS = frozenset({"final", "prev", "self", "super"})  # what overlays call their arguments
_USUAL = frozenset({"config", "lib", "pkgs", "options"})


@dataclass(frozen=True)
class _Bound:
    """What a variable stands for: an expression and the scope it is in, or what is known of an argument."""

    value: Node | None
    scope: _Scope
    origin: Origin = _OTHER


@dataclass(frozen=True)
class _Scope:
    names: Mapping[str, _Bound]
    withs: tuple[tuple[Node, _Scope], ...] = ()


def of_attribute(file: Path, line: int, name: str) -> Origin:
    """What lacks the attribute `name` that is selected on this line; Origin("other") where it cannot be told."""
    for node, scope in _places(file, line):
        if isinstance(node, Select) and name in node.path:
            before = node.path[: node.path.index(name)]
            if all(isinstance(part, str) for part in before):
                return _origin(node.target, scope, tuple(map(str, before)), 0)
        if isinstance(node, Inherit) and node.source is not None and name in node.names:
            return _origin(node.source, scope, (), 0)
    return _OTHER


def of_variable(file: Path, line: int, name: str) -> Origin:
    """Where a variable without a definition could have come from: other than the subject only by `with`."""
    found = False
    for node, scope in _places(file, line):
        if (isinstance(node, Name) and node.id == name) or (isinstance(node, Inherit) and name in node.names):
            found = True
            for source, outer in reversed(scope.withs):
                origin = _origin(source, outer, (), 0)
                if origin.is_foreign or origin.path:
                    return origin
    return _SUBJECT if found else _OTHER


def on_line(file: Path, line: int) -> set[Origin]:
    """What the values that are named on a line come from, as far as it can be told."""
    nodes = ((node, scope) for node, scope in _places(file, line) if node.line == line)
    return {_origin(node, scope, (), 0) for node, scope in nodes if isinstance(node, Name | Select)}


def values_read(file: Path) -> set[Origin]:
    """What a file takes from elsewhere, where it takes it without a default."""
    nodes = [(node, scope) for node, scope in _everything(file) if isinstance(node, Name | Select)]
    return {_origin(node, scope, (), 0) for node, scope in nodes if getattr(node, "default", None) is None}


def _everything(file: Path) -> Iterator[tuple[Node, _Scope]]:
    tree = _read(file)
    waiting = [(tree, _Scope({}))] if tree is not None else []
    while waiting:
        node, scope = waiting.pop()
        yield node, scope
        waiting += _below(node, scope)


def _places(file: Path, line: int) -> Iterator[tuple[Node, _Scope]]:
    """The nodes that begin on a line, and lists of names that end there, with what is in scope."""
    for node, scope in _everything(file):
        if node.line == line or isinstance(node, Inherit) or (isinstance(node, Select) and node.line <= line):
            yield node, scope


def _below(node: Node, scope: _Scope) -> list[tuple[Node, _Scope]]:
    inner = _inner(node, scope)
    if isinstance(node, Attributes) and not node.recursive:
        inner = scope
    if isinstance(node, With):
        return [(node.scope, scope), (node.body, inner)]
    if isinstance(node, Apply):
        members = _members(node, scope) or _python(node)
        if members is not None:
            function, collection, origin = members
            known = _Bound(None, scope, origin)
            names = dict(scope.names)
            body: Node = function
            while isinstance(body, Function):
                names |= dict.fromkeys([body.argument] if body.argument else [], known)
                body = body.body
            return [(body, _Scope(names, scope.withs)), (collection, scope)]
    return [(child, inner) for child in node.children()]


def _inner(node: Node, scope: _Scope) -> _Scope:
    """The scope inside a node."""
    if isinstance(node, With):
        return _Scope(scope.names, (*scope.withs, (node.scope, scope)))
    if isinstance(node, Function):
        is_module = node.open and any(formal.id in _USUAL for formal in node.formals or ())
        known = {formal.id: _Bound(None, scope, _formal(formal.id, is_module)) for formal in node.formals or ()}
        if node.argument is not None:
            given = _PKGS if node.argument in _PACKAGE_SETS and node.formals is None else _OTHER
            known[node.argument] = _Bound(None, scope, _GIVEN.get(node.argument, given))
        return _Scope({**scope.names, **known}, scope.withs)
    if isinstance(node, Let | Attributes):
        names = dict(scope.names)
        inside = _Scope(names, scope.withs)
        for entry in node.entries:
            if isinstance(entry, Binding) and isinstance(entry.path[0], str):
                nested = len(entry.path) > 1
                names[entry.path[0]] = _Bound(None if nested else entry.value, inside, _SUBJECT)
            elif isinstance(entry, Inherit) and entry.source is not None:
                for name in entry.names:
                    names[name] = _Bound(Select(entry.line, entry.source, (name,)), inside)
        return inside
    return scope


def _formal(name: str, is_module: bool) -> Origin:
    """What a function gets by this name: a module from the evaluation, any other, as packages are, from nixpkgs."""
    if name in _GIVEN:
        return _GIVEN[name]
    return _OTHER if is_module else Origin("pkgs", (name,))


def _members(node: Apply, scope: _Scope) -> tuple[Function, Node, Origin] | None:
    """`map (one: …) collection`: the function, the collection, and where its members come from."""
    if not (isinstance(node.function, Apply) and isinstance(node.function.argument, Function)):
        return None
    called = node.function.function
    name = called.id if isinstance(called, Name) else called.path[-1] if isinstance(called, Select) else None
    if name not in _EACH:
        return None
    origin = _origin(node.argument, scope, (), 0)
    # What is inside a member is told by no path: the subject's own options, or nothing certain.
    known = Origin("config", (*origin.path, "*")) if origin.kind == "config" else origin
    return node.function.argument, node.argument, known


def _python(node: Apply) -> tuple[Function, Node, Origin] | None:
    """`python3.withPackages (packages: …)`: what the function is given."""
    called = node.function
    if isinstance(called, Select) and called.path[-1] == "withPackages" and isinstance(node.argument, Function):
        names = [*called.path, called.target.id if isinstance(called.target, Name) else ""]
        if any(isinstance(name, str) and name.startswith("python") for name in names):
            return node.argument, called, Origin("pkgs", ("python3Packages",))
    return None


def _of_scopes(given: list[Origin], parts: tuple[str, ...]) -> Origin:
    """Where a name that only `with` can give comes from: the innermost scope that is likely to have it."""
    if given and all(one.kind == "lib" for one in given):
        return _LIB
    for one in reversed(given):
        if one.kind in _PATHS and (one.kind != "lib" or parts[0] in library_names()[""]):
            return one.select(parts)
    return _OTHER


def _origin(node: Node, scope: _Scope, parts: tuple[str, ...], depth: int) -> Origin:
    """Where `node.parts` comes from."""
    if depth > _DEPTH:
        return _OTHER
    if isinstance(node, Name):
        bound = scope.names.get(node.id)
        if bound is None:
            given = [_origin(source, outer, (), depth + 1) for source, outer in scope.withs]
            return Origin("builtins") if node.id == "builtins" else _of_scopes(given, (node.id, *parts))
        if bound.value is None:
            return bound.origin.select(parts)
        return _origin(bound.value, bound.scope, parts, depth + 1)
    if isinstance(node, Select) and all(isinstance(part, str) for part in node.path):
        return _origin(node.target, scope, (*map(str, node.path), *parts), depth + 1)
    if isinstance(node, Attributes):
        value = node.get(parts[0]) if parts else None
        inner = _inner(node, scope) if node.recursive else scope
        return _SUBJECT if value is None else _origin(value, inner, parts[1:], depth + 1)
    if isinstance(node, Let | With):
        return _origin(node.body, _inner(node, scope), parts, depth + 1)
    if isinstance(node, Operation) and node.operator == "//" and node.left is not None:
        sides = {_origin(side, scope, parts, depth + 1) for side in (node.left, node.right)}
        return _SUBJECT if sides == {_SUBJECT} else _OTHER
    return _SUBJECT if isinstance(node, Text) else _OTHER
