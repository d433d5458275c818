"""The simple commands of a shell script, from the tree that tree-sitter's grammar of bash makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from rknn_validation.facts.text.shellwords import SUBSTITUTIONS, Word, literal, text_of, word_of, words_of

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
