"""Recipes: the derivations a subject's files make, as they are written.

Evaluation knows exact values but only of packages the configuration installs; the text knows every recipe but not
what is computed. Both are joined here where they speak of the same file.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.package import Package
from rknn_validation.facts.nix.syntax import (
    Apply,
    Attributes,
    Function,
    Inherit,
    Let,
    Name,
    Node,
    With,
    function_name,
)
from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.fetches import Fetch, fetch_of, subject_packages
from rknn_validation.facts.recipes.nixtrees import NixTree, trees_of
from rknn_validation.facts.recipes.values import UNKNOWN, Word, value_of

BUILDERS = frozenset({"mkDerivation", "buildPythonPackage", "buildPythonApplication"})
INPUTS = ("nativeBuildInputs", "buildInputs", "propagatedBuildInputs", "dependencies", "runtimeDependencies")


@dataclass(frozen=True)
class Recipe:
    """One call of a builder.

    `attrs` are its attributes: str, bool, tuple of words (lists; "?" for what is computed), a Word, a Fetch, a
    NixPath, or UNKNOWN. In strings an interpolated name reads `@name@`, anything else `@…@`. `package` is what
    evaluation made of it, None where the configuration does not install it.
    """

    builder: str
    attrs: Mapping[str, Any]
    meta: Mapping[str, Any]
    tree: NixTree
    node: Node
    package: Package | None

    @property
    def where(self) -> str:
        """`file:line`."""
        return self.tree.at(self.node)

    @property
    def name(self) -> str:
        """How to call it in a message."""
        for key in ("pname", "name"):
            if self.text(key):
                return str(self.text(key))
        return self.package.name if self.package else self.where

    @property
    def is_python(self) -> bool:
        """Whether it is built by one of Python's builders."""
        return self.builder.startswith("buildPython")

    @property
    def source(self) -> Fetch | NixPath | None:
        """Where its source comes from, as far as the text tells."""
        source = self.attrs.get("src")
        return source if isinstance(source, Fetch | NixPath) else None

    @functools.cached_property
    def inner_fetches(self) -> tuple[Fetch, ...]:
        """Every download written anywhere inside the recipe."""
        applied = (node for node in self.node.walk() if isinstance(node, Apply))
        return tuple(fetch for node in applied if (fetch := fetch_of(self.tree, node)))

    def script(self, name: str) -> str | None:
        """A phase or hook: as written where nothing in it is computed, else as evaluation has it if it does."""
        written = self.text(name)
        evaluated = self.package.phases.get(name) if self.package else None
        return evaluated if evaluated and (written is None or "@" in written) else written

    def text(self, name: str) -> str | None:
        """A string attribute; None where it is not given or computed."""
        value = self.attrs.get(name)
        return value if isinstance(value, str) and not isinstance(value, Word) else None

    def flag(self, name: str) -> bool:
        """Whether an attribute is written as true (or as a non-empty string, which a builder takes for true)."""
        value = self.attrs.get(name)
        return value is True or (self.text(name) or "0") not in ("", "0")

    def words(self, *names: str) -> tuple[str, ...]:
        """The items of some list attributes together."""
        return tuple(word for name in names for word in _items(self.attrs.get(name)))

    def phases(self) -> dict[str, str]:
        """The shell text it is built with, by attribute."""
        names = (name for name in self.attrs if _IS_SCRIPT.fullmatch(name))
        return {name: text for name in names if (text := self.script(name)) is not None}


def _items(value: Any) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


_IS_SCRIPT = re.compile(r"\w+Phase|buildCommand|(?:pre|post)[A-Z]\w+")


@derived
def recipes(facts: Facts) -> tuple[Recipe, ...]:
    """Every recipe in the subject's files that has to do with an NPU."""
    return _recipes(trees_of(facts), _Packages(subject_packages(facts)))


@dataclass(frozen=True, eq=False)
class _Packages:
    """Packages hold dictionaries: equal by their store paths."""

    all: tuple[Package, ...]

    def __hash__(self) -> int:
        return hash(tuple(one.out_path for one in self.all))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Packages) and [one.out_path for one in self.all] == [
            one.out_path for one in other.all
        ]


@functools.lru_cache(maxsize=64)
def _recipes(trees: tuple[NixTree, ...], packages: _Packages) -> tuple[Recipe, ...]:
    found: list[Recipe] = []
    files = {str(tree.path) for tree in trees}
    # A package whose expression is one of these files is that file's; the others are told by their names.
    homeless = tuple(one for one in packages.all if (one.position or "").split(":")[0] not in files)
    for tree in trees:
        if not tree.about_npu:
            continue
        calls = list(_calls(tree))
        here = [one for one in packages.all if one.position and one.position.split(":")[0] == str(tree.path)]
        if not here and not tree.mentions_npu:
            continue
        for node, attributes in calls:
            package = here[0] if len(calls) == 1 and len({one.out_path for one in here}) == 1 else None
            attrs = dict(_attributes(tree, attributes))
            package = package or _named(homeless, attrs)
            meta = dict(_attributes(tree, value)) if (value := _meta(attributes)) else {}
            found.append(Recipe(function_name(node) or "", attrs, meta, tree, node, package))
    return tuple(found)


def _named(packages: tuple[Package, ...], attrs: Mapping[str, Any]) -> Package | None:
    name, version = attrs.get("pname") or attrs.get("name"), attrs.get("version")
    fits = {
        one.out_path: one
        for one in packages
        if name in (one.pname, one.name) and (not isinstance(version, str) or "@" in version or version == one.version)
    }
    return next(iter(fits.values())) if name and len(fits) == 1 else None


def _calls(tree: NixTree) -> Iterator[tuple[Apply, Attributes]]:
    for node in tree.tree.walk():
        if isinstance(node, Apply) and function_name(node) in BUILDERS:
            body = _body(node.argument)
            if body is not None:
                yield node, body


def _body(node: Node) -> Attributes | None:
    """The attribute set of `{…}`, `rec {…}`, `finalAttrs: {…}` and `let … in {…}`."""
    while isinstance(node, Function | Let | With):
        node = node.body
    return node if isinstance(node, Attributes) else None


def _meta(attributes: Attributes) -> Attributes | None:
    value = attributes.get("meta")
    return _body(value) if value is not None else None


def _attributes(tree: NixTree, attributes: Attributes) -> Iterator[tuple[str, Any]]:
    for entry in attributes.entries:
        if isinstance(entry, Inherit):
            for name in entry.names:
                yield name, value_of(tree, Name(entry.line, name)) if entry.source is None else UNKNOWN
        elif len(entry.path) == 1 and isinstance(entry.path[0], str):
            yield entry.path[0], value_of(tree, entry.value)
        elif isinstance(entry.path[0], str) and entry.path[0] != "meta":
            yield entry.path[0], UNKNOWN
