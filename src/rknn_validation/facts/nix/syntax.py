"""The syntax tree of a Nix file: what is written, with line numbers; nothing is evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property


class NixSyntaxError(ValueError):
    """The text is not Nix; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        self.line = line
        super().__init__(f"line {line}: {message}")


@dataclass(frozen=True)
class Node:
    """An expression, or a part of one. `line` counts from 1."""

    line: int

    def children(self) -> Iterator[Node]:
        """The nodes directly below this one, in the order they are written."""
        for name in self.__match_args__:
            value = getattr(self, name)
            if isinstance(value, Node):
                yield value
            elif isinstance(value, tuple):
                yield from (one for one in value if isinstance(one, Node))

    def walk(self) -> Iterator[Node]:
        """This node and everything below it, depth first."""
        return iter(self._below)

    @cached_property
    def _below(self) -> tuple[Node, ...]:
        # Many checks walk the same file: gathered once.
        found: list[Node] = []
        waiting: list[Node] = [self]
        while waiting:
            node = waiting.pop()
            found.append(node)
            waiting += reversed(tuple(node.children()))
        return tuple(found)


@dataclass(frozen=True)
class _Composed(Node):
    """Something written as text with expressions in it."""

    parts: tuple[str | Node, ...]

    @property
    def literal(self) -> str | None:
        """Its value where nothing is interpolated, else None."""
        texts = [part for part in self.parts if isinstance(part, str)]
        return "".join(texts) if len(texts) == len(self.parts) else None


@dataclass(frozen=True)
class Text(_Composed):
    """A string. `parts` are its texts (escapes resolved, indentation stripped) and interpolated expressions.

    `indented` strings are those in two single quotes. `raw` is the text between the quotes as it is written.
    """

    indented: bool
    raw: str


@dataclass(frozen=True)
class Path(_Composed):
    """A path literal: relative, absolute, `~/…` or, with `search`, `<…>`."""

    search: bool = False


@dataclass(frozen=True)
class Number(Node):
    """An integer or floating-point literal, as written."""

    text: str


@dataclass(frozen=True)
class Name(Node):
    """A variable."""

    id: str


@dataclass(frozen=True)
class Select(Node):
    """`target.path or default`. Computed parts of the path are nodes."""

    target: Node
    path: tuple[str | Node, ...]
    default: Node | None = None


@dataclass(frozen=True)
class Has(Node):
    """`target ? path`."""

    target: Node
    path: tuple[str | Node, ...]


@dataclass(frozen=True)
class Apply(Node):
    """`function argument`."""

    function: Node
    argument: Node


@dataclass(frozen=True)
class Operation(Node):
    """`left operator right`; `left` is None for `!` and unary `-`."""

    operator: str
    left: Node | None
    right: Node


@dataclass(frozen=True)
class Items(Node):
    """A list."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Binding(Node):
    """`path = value;`."""

    path: tuple[str | Node, ...]
    value: Node


@dataclass(frozen=True)
class Inherit(Node):
    """`inherit (source) names;`."""

    source: Node | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class Attributes(Node):
    """`{ … }` or `rec { … }`."""

    recursive: bool
    entries: tuple[Binding | Inherit, ...]

    def bindings(self) -> Iterator[Binding]:
        """The entries that are not `inherit`."""
        return (entry for entry in self.entries if isinstance(entry, Binding))

    def get(self, *path: str) -> Node | None:
        """The value written under exactly this path, `a.b = …` and `a = { b = …; }` alike."""
        for binding in self.bindings():
            if binding.path == path:
                return binding.value
            size = len(binding.path)
            if binding.path == path[:size] and isinstance(binding.value, Attributes):
                found = binding.value.get(*path[size:])
                if found is not None:
                    return found
        return None


@dataclass(frozen=True)
class Let(Node):
    """`let entries in body`."""

    entries: tuple[Binding | Inherit, ...]
    body: Node


@dataclass(frozen=True)
class Formal(Node):
    """One name of a function's attribute-set pattern."""

    id: str
    default: Node | None


@dataclass(frozen=True)
class Function(Node):
    """`argument: body`, `{ formals, ... }@argument: body`; `formals` is None for a plain argument."""

    argument: str | None
    formals: tuple[Formal, ...] | None
    open: bool
    body: Node


@dataclass(frozen=True)
class With(Node):
    """`with scope; body`."""

    scope: Node
    body: Node


@dataclass(frozen=True)
class Assert(Node):
    """`assert condition; body`."""

    condition: Node
    body: Node


@dataclass(frozen=True)
class If(Node):
    """`if condition then yes else no`."""

    condition: Node
    yes: Node
    no: Node


def dotted(node: Node) -> str | None:
    """`a.b.c` as written, None where it is anything else."""
    if isinstance(node, Name):
        return node.id
    if isinstance(node, Select) and all(isinstance(part, str) for part in node.path):
        target = dotted(node.target)
        return None if target is None else ".".join([target, *map(str, node.path)])
    return None


def function_name(node: Node) -> str | None:
    """The last word of what is applied: `pkgs.fetchurl {…}` and `fetchurl {…}` are both "fetchurl"."""
    function = node.function if isinstance(node, Apply) else node
    if isinstance(function, Name):
        return function.id
    if isinstance(function, Select) and isinstance(function.path[-1], str):
        return function.path[-1]
    return None
