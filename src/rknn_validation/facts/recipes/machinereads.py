"""What Nix code asks of the machine that evaluates it: its files, its environment, its platform."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.syntax import (
    Apply,
    Binding,
    Formal,
    Inherit,
    Let,
    Name,
    Node,
    Operation,
    Select,
    Text,
    dotted,
    function_name,
)
from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.nixtrees import NixTree, trees_of

_MACHINES = re.compile(r"/(?:proc|sys|dev|run|boot|etc)(?:/|$)")
_ASKS = frozenset({"currentSystem", "getEnv"})
_READERS = frozenset({"readFile", "pathExists", "readDir", "readFileType", "import", "scopedImport", "fileContents"})
_PARTLY = frozenset({"importJSON", "importTOML", "path", "filterSource", "hashFile", "toFile", "source", "cleanSource"})


@dataclass(frozen=True)
class MachineRead:
    """A place that asks the evaluating machine; `certain` is False where it may only name a path for later."""

    where: str
    code: str
    certain: bool


@derived
def machine_reads(facts: Facts) -> tuple[MachineRead, ...]:
    """Every such place in the subject's files; of a host's, in those that speak of the NPU."""
    trees = [tree for tree in trees_of(facts) if facts.subject.host is None or tree.mentions_npu]
    return tuple(dict.fromkeys(read for tree in trees for read in _reads(tree)))


def _reads(tree: NixTree) -> Iterator[MachineRead]:
    read: set[int] = set()
    for node in _outside_defaults(tree.tree):
        name = _asked(node)
        if name:
            yield MachineRead(tree.at(node), name, certain=True)
        reader = function_name(node) if isinstance(node, Apply) else None
        if isinstance(node, Apply) and reader in _READERS | _PARTLY:
            path = _path(tree, node.argument)
            if path and _MACHINES.match(path):
                read |= {id(inner) for inner in node.argument.walk()}
                yield MachineRead(tree.at(node), f"{reader} {path}", certain=reader in _READERS)
        elif isinstance(node, NixPath) and id(node) not in read and _MACHINES.match(_path(tree, node) or ""):
            # Where such a path is turned into text for a unit, it is copied from the machine that evaluates.
            yield MachineRead(tree.at(node), node.literal or "", certain=False)


def _asked(node: Node) -> str | None:
    if isinstance(node, Name) and node.id in {f"__{name}" for name in _ASKS}:
        return node.id
    if isinstance(node, Select):
        written = dotted(node) or ""
        return written if written in {f"builtins.{name}" for name in _ASKS} else None
    if isinstance(node, Inherit) and node.source is not None and dotted(node.source) == "builtins":
        return next((f"builtins.{name}" for name in node.names if name in _ASKS), None)
    return None


def _path(tree: NixTree, node: Node) -> str | None:
    """The path a node comes to as far as it is written here: a literal, a string, a sum of both."""
    if isinstance(node, NixPath):
        return None if node.search else node.literal
    if isinstance(node, Text | Name):
        return tree.text(node)
    if isinstance(node, Operation) and node.operator == "+" and node.left is not None:
        left, right = _path(tree, node.left), _path(tree, node.right)
        return None if left is None or right is None else f"{left.rstrip('/.')}{right}"
    return None


def _outside_defaults(node: Node) -> Iterator[Node]:
    """What may be evaluated: not the defaults of function arguments, which are for use by hand (`system ? …`), and no
    variable that nothing uses.
    """
    yield node
    unused = _unused(node) if isinstance(node, Let) else ()
    for child in node.children():
        if not isinstance(child, Formal) and child not in unused:
            yield from _outside_defaults(child)


def _unused(scope: Let) -> tuple[Node, ...]:
    used = {inner.id for inner in scope.walk() if isinstance(inner, Name)}
    used |= {name for inner in scope.body.walk() if isinstance(inner, Inherit) for name in inner.names}
    return tuple(one for one in scope.entries if isinstance(one, Binding) and one.path[0] not in used)
