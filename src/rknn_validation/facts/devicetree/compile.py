"""Compiles device-tree overlays, as NixOS does when it builds a system, and reads compiled trees.

Compiled trees are read here because libfdt's Python binding (pylibfdt) has no wheels: installing it takes a compiler.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

_MAGIC = 0xD00DFEED
_BEGIN, _END, _PROPERTY, _NOTHING, _FINISHED = 1, 2, 3, 4, 9


class NoDeviceTree(ValueError):
    """The bytes are no flattened device tree."""


@dataclass
class TreeNode:
    """A node: its name with the unit address, its properties as the bytes they are, its children by name."""

    name: str
    properties: dict[str, bytes] = field(default_factory=dict)
    children: dict[str, TreeNode] = field(default_factory=dict)

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

    def at(self, path: str) -> TreeNode | None:
        """The node at a path below this one (`/soc/npu@fdab0000`); a name may do without its address."""
        node: TreeNode | None = self
        for name in path.strip("/").split("/") if path.strip("/") else ():
            if node is None:
                return None
            named = [one for key, one in node.children.items() if key.split("@")[0] == name]
            node = node.children.get(name) or (named[0] if len(named) == 1 else None)
        return node

    def walk(self, path: str = "") -> Iterator[tuple[str, TreeNode]]:
        """(path, node) of everything below, and of the node itself as `/`."""
        yield path or "/", self
        for name, child in self.children.items():
            yield from child.walk(f"{path}/{name}")


def read_dtb(blob: bytes) -> TreeNode:
    """The root node. Raises NoDeviceTree."""
    try:
        magic, _, structure, strings = struct.unpack_from(">4I", blob)
        if magic != _MAGIC:
            raise NoDeviceTree("the magic number is wrong")
        return _root(blob, structure, strings)
    except (struct.error, ValueError, IndexError) as error:
        raise NoDeviceTree(str(error)) from error


def _root(blob: bytes, offset: int, strings: int) -> TreeNode:
    above: list[TreeNode] = []
    while True:
        (token,) = struct.unpack_from(">I", blob, offset)
        offset += 4
        if token == _BEGIN:
            name = _text(blob, offset)
            offset += (len(name) + 4) & ~3
            node = TreeNode(name)
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
            raise NoDeviceTree(
                "it ends before its root node does" if token == _FINISHED else f"there is no token {token}"
            )


def _text(blob: bytes, offset: int) -> str:
    return blob[offset : blob.index(b"\0", offset)].decode()


SECONDS = 20.0
"""How long dtc may take for one overlay; it takes milliseconds."""

_DIRECTIVE = re.compile(
    r"^[ \t]*#[ \t]*(include|define|undef|if|ifdef|ifndef|elif|else|endif)\b[ \t]*(.*)$", re.MULTILINE
)
_MACRO = re.compile(r"([A-Za-z_]\w*)[ \t]+(\S.*)")
_STRING = re.compile(r'"(?:\\.|[^"\\])*"')
_NAME = re.compile(r"(?<![\w&,/@#-])[A-Z][A-Z0-9_]*[A-Z0-9_](?![\w,@-]|\s*[:{=;(])")


@dataclass(frozen=True)
class Compiled:
    """What came of an overlay's source: its `root`; or what dtc says is wrong; or why it cannot be compiled here."""

    root: TreeNode | None = None
    complaint: str = ""
    unknown: str = ""


@lru_cache(maxsize=256)
def compiled(source: str) -> Compiled:
    """An overlay's source, preprocessed and compiled.

    Constants of the kernel's own headers (`#include <dt-bindings/…>`) are not available: each becomes 0, so that
    nodes and their status are right, and such cells are not.
    """
    plain, headers, branches = _preprocessed(source)
    if branches:
        return Compiled(unknown="it uses preprocessor conditions, which are not evaluated here")
    dtc = shutil.which("dtc")
    if dtc is None:
        return Compiled(unknown="dtc is not installed on this machine")
    try:
        done = subprocess.run(
            [dtc, "-q", "-@", "-I", "dts", "-O", "dtb", "-"], input=plain.encode(), capture_output=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return Compiled(unknown=f"dtc did not finish within {SECONDS:.0f} seconds")
    if done.returncode == 0:
        return decoded(done.stdout)
    said = done.stderr.decode(errors="replace").replace("<stdin>:", "line ").strip()
    said = "\n".join(line for line in said.splitlines() if not line.startswith("FATAL")) or said
    if headers:
        return Compiled(
            unknown=f"it includes {headers[0]}, which is not available here, and does not compile without it: {said}"
        )
    return Compiled(complaint=said)


def decoded(blob: bytes) -> Compiled:
    """A compiled overlay."""
    try:
        root = read_dtb(blob)
    except NoDeviceTree as error:
        return Compiled(complaint=f"it is not a compiled device tree: {error}")
    if not any("__overlay__" in node.children for node in root.children.values()):
        return Compiled(complaint="it is a whole tree, not an overlay (/plugin/; is missing): it changes nothing")
    return Compiled(root=root)


def _preprocessed(source: str) -> tuple[str, list[str], bool]:
    """The source without directives, the headers it includes, and whether conditions decide what of it counts."""
    found = _DIRECTIVE.findall(source)
    if not found:
        return source, [], False
    if any(word not in {"include", "define"} for word, _ in found):
        return source, [], True
    # Empty lines keep what dtc says of lines right.
    text = _DIRECTIVE.sub("", source)
    for name, value in (match.groups() for word, rest in found if word == "define" and (match := _MACRO.match(rest))):
        text = re.sub(rf"\b{name}\b", lambda _, value=value: value, text)  # type: ignore[misc]
    headers = [rest for word, rest in found if word == "include"]
    return _without_constants(text) if headers else text, headers, False


def _without_constants(text: str) -> str:
    parts, last = [], 0
    for string in _STRING.finditer(text):
        parts += [_NAME.sub("0", text[last : string.start()]), string.group()]
        last = string.end()
    return "".join((*parts, _NAME.sub("0", text[last:])))
