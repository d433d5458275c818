"""What an expression in a recipe is written as, as far as its file alone tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rknn_validation.facts.nix.syntax import Apply, If, Items, Name, Node, Operation, Text, With, dotted, function_name
from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.fetches import FETCHERS, fetch_of
from rknn_validation.facts.recipes.nixtrees import NixTree

UNKNOWN = object()
"""The value of an attribute only evaluation knows."""


class Word(str):
    """A dotted name as written, such as `lib.licenses.unfree`: not a string's value."""

    __slots__ = ()


def value_of(tree: NixTree, node: Node, depth: int = 0) -> Any:
    """What an attribute is written as: see Recipe."""
    if depth > 6:
        return UNKNOWN
    if isinstance(node, Text):
        return rendered(tree, node)
    if isinstance(node, NixPath):
        return node
    if isinstance(node, Items | With) or (isinstance(node, Operation) and node.operator == "++"):
        words = tuple(list_words(tree, node))
        return words if words or isinstance(node, Items) else UNKNOWN
    if isinstance(node, Name):
        if node.id in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[node.id]
        if node.id in tree.names:
            return value_of(tree, tree.names[node.id], depth + 1)
    if isinstance(node, Apply) and function_name(node) in FETCHERS:
        return fetch_of(tree, node) or UNKNOWN
    if isinstance(node, Operation) and node.operator == "+":
        text = tree.text(node)
        return UNKNOWN if text is None else text
    name = dotted(node)
    return UNKNOWN if name is None else Word(name)


def rendered(tree: NixTree, node: Text) -> str:
    """A string with `@name@` for what is interpolated by name and cannot be resolved, `@…@` for the rest."""
    return "".join(part if isinstance(part, str) else _interpolated(tree, part) for part in node.parts)


def _interpolated(tree: NixTree, node: Node) -> str:
    known = tree.text(node)
    if known is not None and "${…}" not in known:
        return known
    if isinstance(node, Name) and node.id == "src":
        return "$src"
    name = dotted(node)
    if name is None and isinstance(node, Apply) and (fetch := fetch_of(tree, node)) and fetch.urls:
        return f"@{fetch.urls[0].rsplit('/', 1)[-1].replace('${…}', '…')}@"
    return f"@{name}@" if name else "@…@"


def list_words(tree: NixTree, node: Node, depth: int = 0) -> Iterator[str]:
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
