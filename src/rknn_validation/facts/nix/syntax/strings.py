"""What a Nix string literal means: escapes resolved, common indentation stripped."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rknn_validation.facts.nix.syntax.literals import Node

_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_INDENTED_ESCAPE = re.compile(r"'''|''\$|''\\(.)", re.DOTALL)


def text_parts(raw: Sequence[str | Node], indented: bool) -> tuple[str | Node, ...]:
    """The parts of a string from its parts as written."""
    if not indented:
        return tuple(_unescape(part) if isinstance(part, str) else part for part in raw)
    return tuple(_unescape_indented(part) if isinstance(part, str) else part for part in _strip(raw))


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda found: _LETTERS.get(found[1], found[1]), text)


def _unescape_indented(text: str) -> str:
    def resolve(found: re.Match[str]) -> str:
        if found.group() == "'''":
            return "''"
        return "$" if found.group() == "''$" else _LETTERS.get(found[1], found[1])

    return _INDENTED_ESCAPE.sub(resolve, text)


def _strip(raw: Sequence[str | Node]) -> list[str | Node]:
    """Drop the first line if blank and the indentation all lines share; an interpolation counts as text."""
    # One character no file contains stands for each interpolation while lines are looked at.
    parts = list(raw)
    joined = "".join(part if isinstance(part, str) else "\0" for part in parts)
    lines = joined.split("\n")
    if len(lines) > 1 and not lines[0].strip(" "):
        lines = lines[1:]
    indent = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" ")), default=0)
    stripped = [line[indent:] for line in lines]
    if stripped and not stripped[-1].strip(" "):
        stripped[-1] = ""
    nodes = iter(part for part in parts if isinstance(part, Node))
    result: list[str | Node] = []
    for index, piece in enumerate("\n".join(stripped).split("\0")):
        if index:
            result.append(next(nodes))
        if piece:
            result.append(piece)
    return result
