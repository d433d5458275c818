"""Reads flattened device trees (.dtb, .dtbo): the format of the devicetree specification, chapter 5."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

_MAGIC = 0xD00DFEED
_BEGIN, _END, _PROPERTY, _NOTHING, _FINISHED = 1, 2, 3, 4, 9


class NoDeviceTree(ValueError):
    """The bytes are no flattened device tree."""


@dataclass
class Node:
    """A node: its name with the unit address, its properties as the bytes they are, its children by name."""

    name: str
    properties: dict[str, bytes] = field(default_factory=dict)
    children: dict[str, Node] = field(default_factory=dict)

    def strings(self, key: str) -> tuple[str, ...]:
        """A property that is a list of strings; empty where the node has none of that name."""
        value = self.properties.get(key, b"")
        return tuple(value.rstrip(b"\0").decode(errors="replace").split("\0")) if value else ()

    def cells(self, key: str) -> tuple[int, ...]:
        """A property that is a list of 32-bit cells."""
        value = self.properties.get(key, b"")
        return struct.unpack(f">{len(value) // 4}I", value[: len(value) // 4 * 4])

    @property
    def compatible(self) -> tuple[str, ...]:
        """The drivers' names for the node, most specific first."""
        return self.strings("compatible")

    @property
    def enabled(self) -> bool:
        """Whether the kernel makes a device of it: no `status`, or `okay`."""
        return not self.properties.get("status") or self.strings("status")[0] in {"okay", "ok"}

    def at(self, path: str) -> Node | None:
        """The node at a path below this one (`/soc/npu@fdab0000`); a name may do without its address."""
        node: Node | None = self
        for name in path.strip("/").split("/") if path.strip("/") else ():
            if node is None:
                return None
            named = [one for key, one in node.children.items() if key.split("@")[0] == name]
            node = node.children.get(name) or (named[0] if len(named) == 1 else None)
        return node

    def walk(self, path: str = "") -> Iterator[tuple[str, Node]]:
        """(path, node) of everything below, and of the node itself as `/`."""
        yield path or "/", self
        for name, child in self.children.items():
            yield from child.walk(f"{path}/{name}")


def read(blob: bytes) -> Node:
    """The root node. Raises NoDeviceTree."""
    try:
        magic, _, structure, strings = struct.unpack_from(">4I", blob)
        if magic != _MAGIC:
            raise NoDeviceTree("the magic number is another")
        return _root(blob, structure, strings)
    except (struct.error, ValueError, IndexError) as error:
        raise NoDeviceTree(str(error)) from error


def _root(blob: bytes, offset: int, strings: int) -> Node:
    above: list[Node] = []
    while True:
        (token,) = struct.unpack_from(">I", blob, offset)
        offset += 4
        if token == _BEGIN:
            name = _text(blob, offset)
            offset += (len(name) + 4) & ~3
            node = Node(name)
            if above:
                above[-1].children[name] = node
            above.append(node)
        elif token == _PROPERTY:
            length, name_at = struct.unpack_from(">2I", blob, offset)
            above[-1].properties[_text(blob, strings + name_at)] = blob[offset + 8 : offset + 8 + length]
            offset += 8 + ((length + 3) & ~3)
        elif token == _END:
            node = above.pop()
            if not above:
                return node
        elif token != _NOTHING:
            raise NoDeviceTree("it ends before its root node does" if token == _FINISHED else f"no token is {token}")


def _text(blob: bytes, offset: int) -> str:
    return blob[offset : blob.index(b"\0", offset)].decode()
