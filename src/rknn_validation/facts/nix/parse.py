"""Parses Nix text with tree-sitter's grammar of Nix, and finds the Nix files of a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import tree_sitter
import tree_sitter_nix

from rknn_validation.facts.nix import syntax
from rknn_validation.facts.nix.syntax import NixSyntaxError, Node

_PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_nix.language()))
# Release 0.1.0 of the grammar, the newest on the package index, knows neither a comma after the last formal nor pipes.
# The parser gets something of the same length in their place. Texts and operators are read from the file as it is, so
# that a string which holds one of them keeps it.
_TRAILING_COMMA = re.compile(rb",(?=(?:\s|#[^\n]*\n|/\*(?>.*?\*/))*+\})", re.DOTALL)
_PIPE = re.compile(rb"\|>|<\|")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_INDENTED_ESCAPE = re.compile(r"'''|''\$|''\\(.)", re.DOTALL)


def parse(text: str) -> Node:
    """The tree of a whole file. Raises NixSyntaxError with the line."""
    source = text.encode()
    root = _PARSER.parse(_PIPE.sub(b"->", _TRAILING_COMMA.sub(b" ", source))).root_node
    expression = root.child_by_field_name("expression")
    if root.has_error or expression is None:
        wrong = next(_errors(root), root)
        shown = source[wrong.start_byte : wrong.end_byte].decode(errors="replace").split("\n")[0]
        raise NixSyntaxError(f"unexpected {shown!r}" if shown else "something is missing", _line(wrong))
    return _Reader(source).node(expression)


def read(path: Path) -> Node | None:
    """The tree of a file, or of a folder's default.nix; None where it cannot be read: Nix will say why."""
    file = path / "default.nix" if path.is_dir() else path
    try:
        return parse(file.read_text(encoding="utf-8"))
    except (NixSyntaxError, OSError, UnicodeDecodeError, RecursionError):
        return None


def nix_files_below(folder: Path, most_folders: int = 1000) -> Iterator[Path]:
    """The Nix files below a folder, results of builds and hidden folders left out; of an endless tree the first."""
    for place, folders, names in islice(os.walk(folder), most_folders):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "result")))
        yield from (Path(place) / name for name in sorted(names) if name.endswith(".nix"))


def _errors(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    if node.is_error or node.is_missing:
        yield node
    for child in node.children:
        if child.has_error:
            yield from _errors(child)


def _line(node: tree_sitter.Node) -> int:
    return node.start_point[0] + 1


class _Reader:
    """Turns the grammar's nodes into those of `syntax`."""

    def __init__(self, source: bytes) -> None:
        self.source = source

    def node(self, node: tree_sitter.Node) -> Node:
        """The expression that a node of the grammar stands for."""
        read = _READERS.get(node.type)
        if read is None:
            raise NixSyntaxError(f"unexpected {node.type}", _line(node))
        return read(self, node)

    def _at(self, node: tree_sitter.Node, field: str) -> Node:
        return self.node(_field(node, field))

    def _written(self, node: tree_sitter.Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode()

    def _pieces(self, node: tree_sitter.Node, quote: int) -> Iterator[str | Node]:
        """What stands between the quotes: texts as they are written, and interpolated expressions."""
        at = node.start_byte + quote
        for child in [*node.named_children, None]:
            if child is not None and child.type != "interpolation":
                continue
            end = node.end_byte - quote if child is None else child.start_byte
            if end > at:
                yield self.source[at:end].decode()
            if child is not None:
                yield self._at(child, "expression")
                at = child.end_byte

    def _text(self, node: tree_sitter.Node) -> syntax.Text:
        indented = node.type == "indented_string_expression"
        pieces = list(self._pieces(node, 2 if indented else 1))
        written = "".join(piece if isinstance(piece, str) else "${…}" for piece in pieces)
        return syntax.Text(_line(node), _resolved(pieces, indented), indented, written)

    def _path(self, node: tree_sitter.Node) -> syntax.Path:
        return syntax.Path(_line(node), tuple(self._pieces(node, 0)), search=node.type == "spath_expression")

    def _uri(self, node: tree_sitter.Node) -> syntax.Text:
        return syntax.Text(_line(node), (self._written(node),), False, self._written(node))

    def _number(self, node: tree_sitter.Node) -> syntax.Number:
        return syntax.Number(_line(node), self._written(node))

    def _name(self, node: tree_sitter.Node) -> syntax.Name:
        return syntax.Name(_line(node), self._written(node))

    def _inner(self, node: tree_sitter.Node) -> Node:
        return self._at(node, "expression")

    def _attribute(self, node: tree_sitter.Node) -> str | Node:
        if node.type == "identifier":
            return self._written(node)
        inner = self._at(node, "expression") if node.type == "interpolation" else self.node(node)
        literal = inner.literal if isinstance(inner, syntax.Text) else None
        return inner if literal is None else literal

    def _attribute_path(self, node: tree_sitter.Node) -> tuple[str | Node, ...]:
        attributes = _field(node, "attrpath").children_by_field_name("attr")
        return tuple(map(self._attribute, attributes))

    def _select(self, node: tree_sitter.Node) -> syntax.Select:
        target, default = self._at(node, "expression"), node.child_by_field_name("default")
        path = self._attribute_path(node)
        return syntax.Select(target.line, target, path, None if default is None else self.node(default))

    def _has(self, node: tree_sitter.Node) -> syntax.Has:
        target = self._at(node, "expression")
        return syntax.Has(target.line, target, self._attribute_path(node))

    def _apply(self, node: tree_sitter.Node) -> syntax.Apply:
        function = self._at(node, "function")
        return syntax.Apply(function.line, function, self._at(node, "argument"))

    def _unary(self, node: tree_sitter.Node) -> syntax.Operation:
        return syntax.Operation(_line(node), self._written(_field(node, "operator")), None, self._at(node, "argument"))

    def _binary(self, node: tree_sitter.Node) -> syntax.Operation:
        left, operator = self._at(node, "left"), self._written(_field(node, "operator"))
        return syntax.Operation(left.line, operator, left, self._at(node, "right"))

    def _items(self, node: tree_sitter.Node) -> syntax.Items:
        return syntax.Items(_line(node), tuple(map(self.node, node.children_by_field_name("element"))))

    def _entries(self, node: tree_sitter.Node) -> tuple[syntax.Binding | syntax.Inherit, ...]:
        entries = next((one for one in node.named_children if one.type == "binding_set"), None)
        return tuple(map(self._entry, entries.children_by_field_name("binding"))) if entries else ()

    def _entry(self, node: tree_sitter.Node) -> syntax.Binding | syntax.Inherit:
        if node.type == "binding":
            return syntax.Binding(_line(node), self._attribute_path(node), self._at(node, "expression"))
        source = self._at(node, "expression") if node.type == "inherit_from" else None
        listed = node.child_by_field_name("attrs")
        names = map(self._attribute, listed.children_by_field_name("attr") if listed else ())
        return syntax.Inherit(_line(node), source, tuple(name if isinstance(name, str) else "" for name in names))

    def _attributes(self, node: tree_sitter.Node) -> syntax.Attributes:
        return syntax.Attributes(_line(node), node.type != "attrset_expression", self._entries(node))

    def _old_let(self, node: tree_sitter.Node) -> syntax.Select:
        return syntax.Select(_line(node), self._attributes(node), ("body",))

    def _let(self, node: tree_sitter.Node) -> syntax.Let:
        return syntax.Let(_line(node), self._entries(node), self._at(node, "body"))

    def _function(self, node: tree_sitter.Node) -> syntax.Function:
        argument, pattern = node.child_by_field_name("universal"), node.child_by_field_name("formals")
        formals = None if pattern is None else tuple(map(self._formal, pattern.children_by_field_name("formal")))
        is_open = pattern is not None and pattern.child_by_field_name("ellipses") is not None
        name = None if argument is None else self._written(argument)
        return syntax.Function(_line(node), name, formals, is_open, self._at(node, "body"))

    def _formal(self, node: tree_sitter.Node) -> syntax.Formal:
        default = node.child_by_field_name("default")
        name = self._written(_field(node, "name"))
        return syntax.Formal(_line(node), name, None if default is None else self.node(default))

    def _with(self, node: tree_sitter.Node) -> syntax.With:
        return syntax.With(_line(node), self._at(node, "environment"), self._at(node, "body"))

    def _assert(self, node: tree_sitter.Node) -> syntax.Assert:
        return syntax.Assert(_line(node), self._at(node, "condition"), self._at(node, "body"))

    def _if(self, node: tree_sitter.Node) -> syntax.If:
        parts = (self._at(node, field) for field in ("condition", "consequence", "alternative"))
        return syntax.If(_line(node), *parts)


_READERS: dict[str, Callable[[_Reader, tree_sitter.Node], Node]] = {
    "variable_expression": _Reader._name,
    "integer_expression": _Reader._number,
    "float_expression": _Reader._number,
    "string_expression": _Reader._text,
    "indented_string_expression": _Reader._text,
    "path_expression": _Reader._path,
    "hpath_expression": _Reader._path,
    "spath_expression": _Reader._path,
    "uri_expression": _Reader._uri,
    "parenthesized_expression": _Reader._inner,
    "select_expression": _Reader._select,
    "has_attr_expression": _Reader._has,
    "apply_expression": _Reader._apply,
    "unary_expression": _Reader._unary,
    "binary_expression": _Reader._binary,
    "list_expression": _Reader._items,
    "attrset_expression": _Reader._attributes,
    "rec_attrset_expression": _Reader._attributes,
    "let_attrset_expression": _Reader._old_let,
    "let_expression": _Reader._let,
    "function_expression": _Reader._function,
    "with_expression": _Reader._with,
    "assert_expression": _Reader._assert,
    "if_expression": _Reader._if,
}


def _field(node: tree_sitter.Node, name: str) -> tree_sitter.Node:
    found = node.child_by_field_name(name)
    if found is None:
        raise NixSyntaxError(f"{node.type} without {name}", _line(node))
    return found


def _resolved(pieces: Sequence[str | Node], indented: bool) -> tuple[str | Node, ...]:
    """The parts of a string: escapes resolved, common indentation stripped."""
    unescape = _unescape_indented if indented else _unescape
    parts = _strip(pieces) if indented else pieces
    return tuple(unescape(part) if isinstance(part, str) else part for part in parts)


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda found: _LETTERS.get(found[1], found[1]), text)


def _unescape_indented(text: str) -> str:
    def resolve(found: re.Match[str]) -> str:
        if found.group() == "'''":
            return "''"
        return "$" if found.group() == "''$" else _LETTERS.get(found[1], found[1])

    return _INDENTED_ESCAPE.sub(resolve, text)


def _strip(parts: Sequence[str | Node]) -> list[str | Node]:
    """Drop the first line if blank and the indentation all lines share; an interpolation counts as text."""
    # One character no file contains stands for each interpolation while lines are looked at.
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
