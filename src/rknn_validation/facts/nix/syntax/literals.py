"""Literals of a Nix file: strings, paths, numbers, and the node all of the tree is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Node:
    """A part of a Nix file. `line` counts from 1."""

    line: int

    def children(self) -> Iterator[Node]:
        """The nodes directly below this one, in the order they are written."""
        return iter(())

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
class Text(Node):
    """A string. `parts` are its texts (escapes resolved, indentation stripped) and interpolated expressions.

    `indented` strings are those in two single quotes. `raw` is the text between the quotes as it is written.
    """

    parts: tuple[str | Node, ...]
    indented: bool
    raw: str

    def children(self) -> Iterator[Node]:
        return (part for part in self.parts if isinstance(part, Node))

    @property
    def literal(self) -> str | None:
        """The string's value where nothing is interpolated, else None."""
        if any(isinstance(part, Node) for part in self.parts):
            return None
        return "".join(part for part in self.parts if isinstance(part, str))


@dataclass(frozen=True)
class Path(Node):
    """A path literal: relative, absolute, `~/…` or, with `search`, `<…>`."""

    parts: tuple[str | Node, ...]
    search: bool = False

    def children(self) -> Iterator[Node]:
        return (part for part in self.parts if isinstance(part, Node))

    @property
    def literal(self) -> str | None:
        """The path as written where nothing is interpolated, else None."""
        if any(isinstance(part, Node) for part in self.parts):
            return None
        return "".join(part for part in self.parts if isinstance(part, str))


@dataclass(frozen=True)
class Number(Node):
    """An integer or floating-point literal, as written."""

    text: str
