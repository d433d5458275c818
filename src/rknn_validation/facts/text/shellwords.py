"""Words of a shell command: what quotes, variables and braces make of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tree_sitter import Node

SUBSTITUTIONS = frozenset({"command_substitution", "process_substitution"})
_OPAQUE = "@…@"
_STRIPPED = "@stripped@"
"""What nixpkgs' `stripHash` prints: a store path's name."""
_NO_BRACES = str.maketrans({"{": "\0", "}": "\1", ",": "\2"})
_BRACES = str.maketrans({"\0": "{", "\1": "}", "\2": ","})


@dataclass(frozen=True)
class Piece:
    """Part of a word: `text`, or the variable `name` that is written as `text`; `quoted` keeps braces as they are."""

    text: str
    name: str | None = None
    quoted: bool = False


@dataclass(frozen=True)
class Word:
    """A word of a command line."""

    pieces: tuple[Piece, ...]

    def expanded(self, variables: Mapping[str, str] | None) -> tuple[str, ...]:
        """The word, or the words its braces make of it. Without variables expansions stay as written."""
        found = ""
        for piece in self.pieces:
            text = piece.text
            if piece.name is not None and variables is not None:
                unknown = f"@{piece.name}@" if piece.name else _STRIPPED if "stripHash" in text else _OPAQUE
                text = variables.get(piece.name, unknown)
            found += text.translate(_NO_BRACES) if piece.quoted or piece.name is not None else text
        return tuple(one.translate(_BRACES) for one in _braces(found))


def _braces(word: str) -> list[str]:
    found = re.fullmatch(r"([^{}]*)\{([^{}]*,[^{}]*)\}(.*)", word, re.DOTALL)
    if not found:
        return [word]
    return [found[1] + middle + rest for middle in found[2].split(",") for rest in _braces(found[3])]


def words_of(nodes: Iterable[Node]) -> Iterator[Word]:
    """The words that nodes of a command line make. Nodes that touch are one word.

    The grammar ends a word too early at the second variable of a path (`$out/$name/x`).
    """
    run: list[Node] = []
    for node in nodes:
        if run and run[-1].end_byte != node.start_byte:
            yield word_of(*run)
            run = []
        run.append(node)
    if run:
        yield word_of(*run)


def word_of(*nodes: Node) -> Word:
    """The word that these nodes are, one touching the other."""
    found: list[Piece] = []
    text = ""
    for piece in (piece for node in nodes for piece in _pieces(node)):
        if piece.name is None and not piece.quoted:
            text += piece.text
            continue
        found += [*_plain(text), piece]
        text = ""
    return Word((*found, *_plain(text)) or (Piece(""),))


_DOLLAR = re.compile(r"((?:[^\\$]|\\.|\$(?!\w))*)(?:\$(\w+))?", re.DOTALL)


def _plain(text: str) -> Iterator[Piece]:
    """Text outside quotes, its variables apart, without backslashes."""
    for before, name in _DOLLAR.findall(text):
        if before:
            yield Piece(re.sub(r"\\\n|\\(.)", r"\1", before))
        if name:
            yield Piece(f"${name}", name)


def _pieces(node: Node) -> Iterator[Piece]:
    text = text_of(node)
    if node.type == "raw_string":
        yield Piece(text[1:-1], quoted=True)
    elif node.type == "ansi_c_string":
        yield Piece(text[2:-1].encode().decode("unicode_escape", "replace"), quoted=True)
    elif node.type in {"string", "translated_string"}:
        yield from _with_gaps(node, 1 if node.type == "string" else 2, quoted=True)
    elif node.type in {"concatenation", "command_name"}:
        yield from _with_gaps(node, 0, quoted=False)
    elif node.type in {"simple_expansion", "expansion"}:
        name = next((text_of(one) for one in node.named_children if one.type.endswith("variable_name")), "")
        plain = len(node.named_children) == 1 and re.fullmatch(r"\$\w+|\$\{\w+\}", text)
        yield Piece(text, name if plain else "", quoted=True)
    elif node.type in {*SUBSTITUTIONS, "arithmetic_expansion"}:
        yield Piece(text, "", quoted=True)
    elif node.type == "string_content":
        yield Piece(re.sub(r'\\\n|\\(["\\$`])', r"\1", text), quoted=True)
    else:
        yield Piece(text, quoted=node.type == "extglob_pattern")


def _with_gaps(node: Node, edge: int, *, quoted: bool) -> Iterator[Piece]:
    """The parts of a composed word, and the text between them, which the grammar drops where it is blank."""
    text, start = node.text or b"", node.start_byte
    at, end = edge, len(text) - (1 if edge else 0)
    for child in node.named_children if edge else node.children:
        if child.start_byte - start > at:
            yield Piece(text[at : child.start_byte - start].decode(errors="replace"), quoted=quoted)
        yield from _pieces(child)
        at = child.end_byte - start
    if at < end:
        yield Piece(text[at:end].decode(errors="replace"), quoted=quoted)


def literal(text: str) -> Word:
    """A word that is just this text."""
    return Word((Piece(text),))


def text_of(node: Node) -> str:
    """What is written there."""
    return (node.text or b"").decode(errors="replace")
