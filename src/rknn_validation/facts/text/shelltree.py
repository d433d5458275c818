"""Simple commands and words of a shell script, from the tree that tree-sitter's grammar of bash makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

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


_PARSER = Parser(Language(tree_sitter_bash.language()))


@dataclass(frozen=True)
class Written:
    """A simple command as it stands in the script; see shell.Command.

    `nested`: inside a substitution. `loops` are the variables of the `for` it stands in, with the words they take.
    """

    words: tuple[Word, ...]
    assigned: tuple[tuple[str, Word], ...]
    line: int
    text: str
    certain: bool = True
    nested: bool = False
    under: tuple[tuple[Written, bool], ...] = ()
    writes: tuple[Word, ...] = ()
    given: str | None = None
    loops: tuple[tuple[str, tuple[Word, ...]], ...] = ()


@dataclass(frozen=True)
class _Place:
    certain: bool = True
    nested: bool = False
    under: tuple[tuple[Written, bool], ...] = ()
    writes: tuple[Word, ...] = ()
    given: str | None = None
    loops: tuple[tuple[str, tuple[Word, ...]], ...] = ()

    def unsure(self) -> _Place:
        return replace(self, certain=False)

    def below(self, conditions: tuple[tuple[Written, bool], ...]) -> _Place:
        return replace(self, under=(*self.under, *conditions))


@lru_cache(maxsize=2048)
def read(script: str) -> tuple[Written, ...]:
    """The simple commands of a script in the order they are written."""
    return tuple(_statement(_PARSER.parse(script.encode()).root_node, _Place()))


_UNSURE = frozenset(
    {"pipeline", "negated_command", "while_statement", "for_statement", "c_style_for_statement", "case_statement"}
    | {"function_definition", "subshell", "ERROR"}
)
_SIMPLE = frozenset(
    {"command", "test_command", "declaration_command", "unset_command", "variable_assignment", "variable_assignments"}
)


def _statement(node: Node, place: _Place) -> Iterator[Written]:
    if node.type in _SIMPLE:
        yield _simple(node, place)
        yield from _substitutions(node, place)
    elif node.type == "list" and len(node.children) >= 3:
        yield from _list(node, place)
    elif node.type in {"if_statement", "elif_clause"}:
        yield from _if(node, place.unsure())
    elif node.type == "redirected_statement":
        yield from _redirected(node, place)
    elif node.type in {"comment", "heredoc_body", "word", "string", "file_redirect", "case_item_pattern"}:
        yield from _substitutions(node, place)
    else:
        inner = place.unsure() if node.type in _UNSURE else place
        if node.type == "for_statement" and (variable := node.child_by_field_name("variable")):
            taken = tuple(words_of(one for one in node.children_by_field_name("value") if one.is_named))
            inner = replace(inner, loops=(*place.loops, (text_of(variable), taken)))
        for child in node.named_children:
            yield from _statement(child, inner)


def _list(node: Node, place: _Place) -> Iterator[Written]:
    left, operator, right = node.children[0], node.children[1].type, node.children[-1]
    if operator == "||":
        place = place.unsure()
    yield from _statement(left, place)
    # Below `a && b ||` either may be what failed.
    yield from _statement(right, place.below(_decides(left, operator == "&&")))


def _if(node: Node, place: _Place) -> Iterator[Written]:
    asked, otherwise = node.children_by_field_name("condition"), place
    conditions = [one for one in asked if one.is_named]
    for one in conditions:
        yield from _statement(one, place)
    if len(conditions) == 1:
        otherwise = place.below(_decides(conditions[0], False))
        place = place.below(_decides(conditions[0], True))
    for child in node.named_children:
        if child in conditions:
            continue
        alternative = child.type in {"elif_clause", "else_clause"}
        yield from _statement(child, otherwise if alternative else place)


def _decides(node: Node, succeeded: bool) -> tuple[tuple[Written, bool], ...]:
    """What is known of the commands of a condition where the whole of it succeeded, or did not."""
    if node.type in {"command", "test_command"}:
        return ((_simple(node, _Place()), succeeded),)
    if node.type == "negated_command" and node.named_children:
        return _decides(node.named_children[-1], not succeeded)
    if node.type == "list" and len(node.children) >= 3 and node.children[1].type == ("&&" if succeeded else "||"):
        return _decides(node.children[0], succeeded) + _decides(node.children[-1], succeeded)
    body = node.child_by_field_name("body")
    return _decides(body, succeeded) if node.type == "redirected_statement" and body else ()


def _redirected(node: Node, place: _Place) -> Iterator[Written]:
    given, writes = place.given, list(place.writes)
    body = node.child_by_field_name("body")
    for child in node.named_children:
        if child.type == "heredoc_redirect":
            text = next((one for one in child.named_children if one.type == "heredoc_body"), None)
            given = text_of(text) if text else ""
            # `cat <<EOF > file` has the file inside; `cat <<EOF | tee file` the rest of the pipeline.
            writes += [word for one in child.named_children for word in _written_to(one)]
            for one in child.named_children:
                if one.type not in {"heredoc_body", "heredoc_start", "heredoc_end", "file_redirect"}:
                    yield from _statement(one, place.unsure())
        writes += _written_to(child)
    inner = replace(place, given=given, writes=tuple(writes))
    if body is not None:
        yield from (replace(one, text=text_of(node)) if one.words else one for one in _statement(body, inner))
    for child in node.named_children:
        if child.type != "heredoc_redirect" and child != body:
            yield from _substitutions(child, place)


def _written_to(node: Node) -> Iterator[Word]:
    if node.type == "file_redirect" and any(child.type in {">", ">>", "&>", "&>>", ">|"} for child in node.children):
        destination = node.child_by_field_name("destination")
        number = node.child_by_field_name("descriptor")
        if destination is not None and (number is None or text_of(number) == "1"):
            yield word_of(destination)


def _substitutions(node: Node, place: _Place) -> Iterator[Written]:
    inside = _Place(certain=False, nested=True, under=place.under)
    for child in node.named_children:
        if child.type in SUBSTITUTIONS:
            for one in child.named_children:
                yield from _statement(one, inside)
        else:
            yield from _substitutions(child, place)


def _simple(node: Node, place: _Place) -> Written:
    words, assigned = [], []
    if node.type in {"declaration_command", "unset_command"}:
        only = [child for child in node.named_children if child.type == "variable_assignment"]
        if len(only) != len(node.named_children):
            words = [literal(text_of(child)) for child in node.children[:1]]
            words += words_of(child for child in node.named_children if child.type != "variable_assignment")
    elif node.type == "test_command":
        words = list(words_of(_test(node)))
    elif node.type == "command":
        words = list(words_of(child for child in node.children if child.type not in _BESIDE))
    for child in (node,) if node.type == "variable_assignment" else node.named_children:
        name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
        if child.type == "variable_assignment" and name is not None:
            assigned.append((text_of(name), word_of(value) if value is not None else literal("")))
    text, line = text_of(node), node.start_point[0] + 1
    own = [word for child in node.named_children for word in _written_to(child)] if node.type == "command" else []
    return Written(
        tuple(words), tuple(assigned), line, text, place.certain, place.nested, place.under,
        (*place.writes, *own), place.given,
        place.loops,
    )  # fmt: skip


_BESIDE = frozenset({"variable_assignment", "file_redirect", "herestring_redirect", "heredoc_redirect", "comment"})


def _test(node: Node) -> Iterator[Node]:
    """The parts of `[ … ]` and `[[ … ]]`."""
    nested = {"unary_expression", "binary_expression", "parenthesized_expression", "negation_expression"}
    for child in node.children:
        if child.type in nested:
            yield from _test(child)
        else:
            yield child
