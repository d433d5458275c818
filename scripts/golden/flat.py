"""Just enough of FlatBuffers to write a TensorFlow Lite model: the same bytes everywhere, parents before children."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

Scalar = tuple[str, float]
"""A number and how it is packed, as struct spells it: ("I", 3)."""


@dataclass(frozen=True)
class Vector:
    """Numbers of one kind."""

    kind: str
    values: Sequence[float] | bytes
    align: int = 4


@dataclass(frozen=True)
class Table:
    """Fields by their number; None (and what is left out at the end) has its default."""

    fields: Sequence[Node | None]


Node = Scalar | Vector | Table | list["Table"] | str


class _Writer:
    def __init__(self) -> None:
        self.made = bytearray()

    def pad(self, align: int, ahead: int = 0) -> None:
        """So that what follows `ahead` bytes from here lies at a multiple of `align`."""
        self.made += bytes(-(len(self.made) + ahead) % align)

    def point(self, at: int, target: int) -> None:
        struct.pack_into("<I", self.made, at, target - at)

    def write(self, node: Node) -> int:
        """Where it begins, after having been written."""
        if isinstance(node, Table):
            return self.table(node)
        if isinstance(node, Vector):
            return self.vector(node)
        if isinstance(node, str):
            return self.text(node)
        assert isinstance(node, list)
        self.pad(4)
        begin = len(self.made)
        self.made += struct.pack("<I", len(node)) + bytes(4 * len(node))
        for number, table in enumerate(node):
            self.point(begin + 4 + 4 * number, self.table(table))
        return begin

    def text(self, text: str) -> int:
        self.pad(4)
        begin = len(self.made)
        self.made += struct.pack("<I", len(text)) + text.encode() + b"\0"
        return begin

    def vector(self, vector: Vector) -> int:
        self.pad(max(4, vector.align), ahead=4)
        begin = len(self.made)
        self.made += struct.pack("<I", len(vector.values))
        self.made += struct.pack(f"<{len(vector.values)}{vector.kind}", *vector.values)
        return begin

    def table(self, table: Table) -> int:
        """The list of where its fields are, its fields, then what they point to."""
        self.pad(4)
        vtable = len(self.made)
        begin = vtable + (4 + 2 * len(table.fields) + 3) // 4 * 4
        places, end = [], begin + 4
        for node in table.fields:
            if node is None:
                places.append(0)
                continue
            size = struct.calcsize(node[0]) if isinstance(node, tuple) else 4
            end += -end % size
            places.append(end)
            end += size
        inside = [place - begin if place else 0 for place in places]
        head = struct.pack(f"<{2 + len(inside)}H", 4 + 2 * len(inside), end - begin, *inside)
        self.made += head.ljust(begin - vtable, b"\0") + struct.pack("<i", begin - vtable) + bytes(end - begin - 4)
        for node, place in zip(table.fields, places, strict=True):
            if isinstance(node, tuple):
                struct.pack_into(f"<{node[0]}", self.made, place, node[1])
            elif node is not None:
                self.point(place, self.write(node))
        return begin


def flatbuffer(root: Table, identifier: str) -> bytes:
    """The whole file."""
    writer = _Writer()
    writer.made += bytes(4) + identifier.encode()
    writer.point(0, writer.table(root))
    writer.pad(16)
    return bytes(writer.made)
