"""Recipes: the derivations a subject's files make, as they are written.

Evaluation knows exact values, but only of packages the configuration installs; the text has every recipe, but not what
is computed. Both are joined here where they are about the same file.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.configuration import Package
from rknn_validation.facts.nix.syntax import (
    Apply,
    Attributes,
    Function,
    If,
    Inherit,
    Items,
    Let,
    Name,
    Node,
    Operation,
    Text,
    With,
    dotted,
    function_name,
)
from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.fetches import FETCHERS, Fetch, fetch_of, subject_packages
from rknn_validation.facts.recipes.nixfiles import NixFile, nix_files

COMPUTED = object()
"""The value of an attribute only evaluation knows."""


class Word(str):
    """A dotted name as written, such as `lib.licenses.unfree`: not a string's value."""

    __slots__ = ()


def value_of(tree: NixFile, node: Node, depth: int = 0) -> Any:
    """What an attribute is written as: see Recipe."""
    if depth > 6:
        return COMPUTED
    if isinstance(node, Text):
        return rendered(tree, node)
    if isinstance(node, NixPath):
        return node
    if isinstance(node, Items | With) or (isinstance(node, Operation) and node.operator == "++"):
        words = tuple(list_words(tree, node))
        return words if words or isinstance(node, Items) else COMPUTED
    if isinstance(node, Name):
        if node.id in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[node.id]
        if node.id in tree.names:
            return value_of(tree, tree.names[node.id], depth + 1)
    if isinstance(node, Apply) and function_name(node) in FETCHERS:
        return fetch_of(tree, node) or COMPUTED
    if isinstance(node, Operation) and node.operator == "+":
        text = tree.text(node)
        return COMPUTED if text is None else text
    name = dotted(node)
    return COMPUTED if name is None else Word(name)


def rendered(tree: NixFile, node: Text) -> str:
    """A string with `@name@` for what is interpolated by name and cannot be resolved, `@…@` for the rest."""
    return "".join(part if isinstance(part, str) else _interpolated(tree, part) for part in node.parts)


def _interpolated(tree: NixFile, node: Node) -> str:
    known = tree.text(node)
    if known is not None and "${…}" not in known:
        return known
    if isinstance(node, Name) and node.id == "src":
        return "$src"
    name = dotted(node)
    if name is None and isinstance(node, Apply) and (fetch := fetch_of(tree, node)) and fetch.urls:
        return f"@{fetch.urls[0].rsplit('/', 1)[-1].replace('${…}', '…')}@"
    return f"@{name}@" if name else "@…@"


def list_words(tree: NixFile, node: Node, depth: int = 0) -> Iterator[str]:
    """The items of a list expression as words: dotted names and strings as written, "?" for anything else."""
    if depth > 6:
        yield "?"
    elif isinstance(node, With):
        yield from list_words(tree, node.body, depth + 1)
    elif isinstance(node, Items):
        for item in node.items:
            text = rendered(tree, item) if isinstance(item, Text) else dotted(item)
            yield "?" if text is None else text
    elif isinstance(node, Operation) and node.operator == "++" and node.left is not None:
        yield from list_words(tree, node.left, depth + 1)
        yield from list_words(tree, node.right, depth + 1)
    elif isinstance(node, Name) and node.id in tree.names:
        yield from list_words(tree, tree.names[node.id], depth + 1)
    elif isinstance(node, If):
        yield from list_words(tree, node.yes, depth + 1)
        yield from list_words(tree, node.no, depth + 1)
    else:
        yield dotted(node) or "?"


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
    tree: NixFile
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
    return _recipes(nix_files(facts), _Packages(subject_packages(facts)))


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
def _recipes(trees: tuple[NixFile, ...], packages: _Packages) -> tuple[Recipe, ...]:
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


def _calls(tree: NixFile) -> Iterator[tuple[Apply, Attributes]]:
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


def _attributes(tree: NixFile, attributes: Attributes) -> Iterator[tuple[str, Any]]:
    for entry in attributes.entries:
        if isinstance(entry, Inherit):
            for name in entry.names:
                yield name, value_of(tree, Name(entry.line, name)) if entry.source is None else COMPUTED
        elif len(entry.path) == 1 and isinstance(entry.path[0], str):
            yield entry.path[0], value_of(tree, entry.value)
        elif isinstance(entry.path[0], str) and entry.path[0] != "meta":
            yield entry.path[0], COMPUTED
