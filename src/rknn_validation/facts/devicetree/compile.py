"""Compiles the source of device-tree overlays, as NixOS does when a system is built."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache

from rknn_validation.facts.devicetree.flattened import Node, NoDeviceTree, read

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

    root: Node | None = None
    complaint: str = ""
    unknown: str = ""


@lru_cache(maxsize=256)
def compiled(source: str) -> Compiled:
    """An overlay's source, preprocessed and compiled.

    Constants of the kernel's own headers (`#include <dt-bindings/…>`) are not at hand: 0 stands for each, so that
    nodes and their status are right, and such cells are not.
    """
    plain, headers, branches = _preprocessed(source)
    if branches:
        return Compiled(unknown="it is made by preprocessor conditions, which are not decided here")
    dtc = shutil.which("dtc")
    if dtc is None:
        return Compiled(unknown="dtc is not installed on this machine")
    try:
        done = subprocess.run(
            [dtc, "-q", "-@", "-I", "dts", "-O", "dtb", "-"], input=plain.encode(), capture_output=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return Compiled(unknown=f"dtc did not end within {SECONDS:.0f} seconds")
    if done.returncode == 0:
        return decoded(done.stdout)
    said = done.stderr.decode(errors="replace").replace("<stdin>:", "line ").strip()
    said = "\n".join(line for line in said.splitlines() if not line.startswith("FATAL")) or said
    if headers:
        return Compiled(unknown=f"it includes {headers[0]}, which is not at hand, and does not compile without: {said}")
    return Compiled(complaint=said)


def decoded(blob: bytes) -> Compiled:
    """A compiled overlay."""
    try:
        root = read(blob)
    except NoDeviceTree as error:
        return Compiled(complaint=f"it is no compiled device tree: {error}")
    if not any("__overlay__" in node.children for node in root.children.values()):
        return Compiled(complaint="it is a whole tree and no overlay (/plugin/; makes it one): it changes nothing")
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
