"""Tokens -> syntax tree, by precedence climbing. Follows the grammar of Nix 2.x, pipe operators included."""

from __future__ import annotations

from rknn_validation.facts.nix.syntax.cursor import Cursor
from rknn_validation.facts.nix.syntax.literals import Node, Number, Path, Text
from rknn_validation.facts.nix.syntax.operators import BINARY, HAS, NEGATE, NOT
from rknn_validation.facts.nix.syntax.strings import text_parts
from rknn_validation.facts.nix.syntax.tokens import NixSyntaxError, tokenise
from rknn_validation.facts.nix.syntax.tree import (
    Apply,
    Assert,
    Attributes,
    Binding,
    Formal,
    Function,
    Has,
    If,
    Inherit,
    Items,
    Let,
    Name,
    Operation,
    Select,
    With,
)

_SIMPLE = frozenset({"name", "number", "uri", "search", "text-open", "path-open", "{", "(", "[", "rec", "let"})


def parse(text: str) -> Node:
    """The tree of a whole file. Raises NixSyntaxError with the line."""
    parser = _Parser(tokenise(text))
    tree = parser.expression()
    parser.take("end")
    return tree


class _Parser(Cursor):
    def expression(self) -> Node:
        line = self.line
        if self.kind == "name" and self.ahead(1) in (":", "@"):
            return self._function(line)
        if self.kind == "{" and self._opens_formals():
            return self._function(line)
        if self.accept("with"):
            scope = self.expression()
            self.take(";")
            return With(line, scope, self.expression())
        if self.accept("assert"):
            condition = self.expression()
            self.take(";")
            return Assert(line, condition, self.expression())
        if self.kind == "let" and self.ahead(1) != "{":
            self.take("let")
            entries = self._entries("in")
            return Let(line, entries, self.expression())
        if self.accept("if"):
            condition = self.expression()
            self.take("then")
            yes = self.expression()
            self.take("else")
            return If(line, condition, yes, self.expression())
        return self._operation(0)

    def _opens_formals(self) -> bool:
        first, second = self.ahead(1), self.ahead(2)
        if first == "}":
            return second in (":", "@")
        return first == "..." or (first == "name" and second in (",", "?", "}"))

    def _function(self, line: int) -> Function:
        argument: str | None = None
        formals: tuple[Formal, ...] | None = None
        is_open = False
        if self.kind == "name":
            argument = self.take("name").value
            if self.accept("@"):
                formals, is_open = self._formals()
        else:
            formals, is_open = self._formals()
            if self.accept("@"):
                argument = self.take("name").value
        self.take(":")
        return Function(line, argument, formals, is_open, self.expression())

    def _formals(self) -> tuple[tuple[Formal, ...], bool]:
        self.take("{")
        formals: list[Formal] = []
        while not self.accept("}"):
            if self.accept("..."):
                self.take("}")
                return tuple(formals), True
            token = self.take("name")
            default = self.expression() if self.accept("?") else None
            formals.append(Formal(token.line, token.value, default))
            if self.kind != "}":
                self.take(",")
        return tuple(formals), False

    def _operation(self, strength: int) -> Node:
        line = self.line
        if self.accept("!"):
            left: Node = Operation(line, "!", None, self._operation(NOT))
        elif self.accept("-"):
            left = Operation(line, "-", None, self._operation(NEGATE))
        else:
            left = self._application()
        while True:
            operator = self.kind
            if operator == "?" and strength <= HAS:
                self.take("?")
                left = Has(left.line, left, self._attribute_path())
                continue
            own, right = BINARY.get(operator, (-1, 0))
            if own < max(strength, 0):
                return left
            self.take(operator)
            left = Operation(left.line, operator, left, self._operation(right))

    def _application(self) -> Node:
        node = self._selection()
        while self.kind in _SIMPLE:
            node = Apply(node.line, node, self._selection())
        return node

    def _selection(self) -> Node:
        node = self._simple()
        while self.kind == ".":
            self.take(".")
            path = self._attribute_path()
            default = None
            if self.kind == "name" and self.tokens[self.at].value == "or":
                self.take("name")
                default = self._selection()
            node = Select(node.line, node, path, default)
        if self.kind == "name" and self.tokens[self.at].value == "or" and not isinstance(node, Select):
            # An old quirk: `f or` applies f to a variable called "or".
            return Apply(node.line, node, Name(self.line, self.take("name").value))
        return node

    def _attribute_path(self) -> tuple[str | Node, ...]:
        path = [self._attribute()]
        while self.kind == "." and self.ahead(1) in ("name", "text-open", "${"):
            self.take(".")
            path.append(self._attribute())
        return tuple(path)

    def _attribute(self) -> str | Node:
        if self.accept("${"):
            inner = self.expression()
            self.take("}")
            literal = inner.literal if isinstance(inner, Text) else None
            return inner if literal is None else literal
        if self.kind == "text-open":
            text = self._text()
            return text if text.literal is None else text.literal
        return self.take("name").value

    def _simple(self) -> Node:
        line = self.line
        if self.kind == "text-open":
            return self._text()
        if self.kind == "path-open":
            return self._path()
        if self.accept("("):
            inner = self.expression()
            self.take(")")
            return inner
        if self.accept("["):
            items: list[Node] = []
            while not self.accept("]"):
                items.append(self._selection())
            return Items(line, tuple(items))
        if self.accept("rec"):
            self.take("{")
            return Attributes(line, True, self._entries("}"))
        if self.accept("{"):
            return Attributes(line, False, self._entries("}"))
        if self.kind == "let":
            self.take("let")
            self.take("{")
            return Select(line, Attributes(line, True, self._entries("}")), ("body",))
        token = self.tokens[self.at]
        self.at += 1
        if token.kind == "name":
            return Name(line, token.value)
        if token.kind == "number":
            return Number(line, token.value)
        if token.kind == "uri":
            return Text(line, (token.value,), False, token.value)
        if token.kind == "search":
            return Path(line, (token.value,), search=True)
        raise NixSyntaxError(f"unexpected {token.value or 'end of file'!r}", token.line)

    def _entries(self, closing: str) -> tuple[Binding | Inherit, ...]:
        entries: list[Binding | Inherit] = []
        while not self.accept(closing):
            line = self.line
            if self.accept("inherit"):
                entries.append(self._inherit(line))
                continue
            path = self._attribute_path()
            self.take("=")
            value = self.expression()
            self.take(";")
            entries.append(Binding(line, path, value))
        return tuple(entries)

    def _inherit(self, line: int) -> Inherit:
        source = None
        if self.accept("("):
            source = self.expression()
            self.take(")")
        names: list[str] = []
        while not self.accept(";"):
            name = self._attribute()
            names.append(name if isinstance(name, str) else "")
        return Inherit(line, source, tuple(names))

    def _path(self) -> Path:
        line = self.take("path-open").line
        parts: list[str | Node] = []
        while not self.accept("path-close"):
            parts.append(self._interpolated() if self.kind == "interpolation" else self.take("text").value)
        return Path(line, tuple(parts))

    def _text(self) -> Text:
        opening = self.take("text-open")
        raw: list[str | Node] = []
        while not self.accept("text-close"):
            raw.append(self._interpolated() if self.kind == "interpolation" else self.take("text").value)
        indented = opening.value == "''"
        written = "".join(part if isinstance(part, str) else "${…}" for part in raw)
        return Text(opening.line, text_parts(raw, indented), indented, written)

    def _interpolated(self) -> Node:
        self.take("interpolation")
        inner = self.expression()
        self.take("}")
        return inner
