"""The syntax tree of a Nix file: what is written, with positions; nothing is evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.nix.syntax.literals import Node


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

    def children(self) -> Iterator[Node]:
        yield self.target
        yield from (part for part in self.path if isinstance(part, Node))
        if self.default is not None:
            yield self.default


@dataclass(frozen=True)
class Has(Node):
    """`target ? path`."""

    target: Node
    path: tuple[str | Node, ...]

    def children(self) -> Iterator[Node]:
        yield self.target
        yield from (part for part in self.path if isinstance(part, Node))


@dataclass(frozen=True)
class Apply(Node):
    """`function argument`."""

    function: Node
    argument: Node

    def children(self) -> Iterator[Node]:
        yield self.function
        yield self.argument


@dataclass(frozen=True)
class Operation(Node):
    """`left operator right`; `left` is None for `!` and unary `-`."""

    operator: str
    left: Node | None
    right: Node

    def children(self) -> Iterator[Node]:
        if self.left is not None:
            yield self.left
        yield self.right


@dataclass(frozen=True)
class Items(Node):
    """A list."""

    items: tuple[Node, ...]

    def children(self) -> Iterator[Node]:
        return iter(self.items)


@dataclass(frozen=True)
class Binding(Node):
    """`path = value;`."""

    path: tuple[str | Node, ...]
    value: Node

    def children(self) -> Iterator[Node]:
        yield from (part for part in self.path if isinstance(part, Node))
        yield self.value


@dataclass(frozen=True)
class Inherit(Node):
    """`inherit (source) names;`."""

    source: Node | None
    names: tuple[str, ...]

    def children(self) -> Iterator[Node]:
        if self.source is not None:
            yield self.source


@dataclass(frozen=True)
class Attributes(Node):
    """`{ … }` or `rec { … }`."""

    recursive: bool
    entries: tuple[Binding | Inherit, ...]

    def children(self) -> Iterator[Node]:
        return iter(self.entries)

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

    def children(self) -> Iterator[Node]:
        yield from self.entries
        yield self.body


@dataclass(frozen=True)
class Formal(Node):
    """One name of a function's attribute-set pattern."""

    id: str
    default: Node | None

    def children(self) -> Iterator[Node]:
        if self.default is not None:
            yield self.default


@dataclass(frozen=True)
class Function(Node):
    """`argument: body`, `{ formals, ... }@argument: body`; `formals` is None for a plain argument."""

    argument: str | None
    formals: tuple[Formal, ...] | None
    open: bool
    body: Node

    def children(self) -> Iterator[Node]:
        yield from self.formals or ()
        yield self.body


@dataclass(frozen=True)
class With(Node):
    """`with scope; body`."""

    scope: Node
    body: Node

    def children(self) -> Iterator[Node]:
        yield self.scope
        yield self.body


@dataclass(frozen=True)
class Assert(Node):
    """`assert condition; body`."""

    condition: Node
    body: Node

    def children(self) -> Iterator[Node]:
        yield self.condition
        yield self.body


@dataclass(frozen=True)
class If(Node):
    """`if condition then yes else no`."""

    condition: Node
    yes: Node
    no: Node

    def children(self) -> Iterator[Node]:
        yield self.condition
        yield self.yes
        yield self.no
