"""Nix text -> tokens. Strings and paths become several tokens, so that what they interpolate is parsed too."""

from __future__ import annotations

import re
from dataclasses import dataclass


class NixSyntaxError(ValueError):
    """The text is not Nix as far as this parser can tell; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        self.line = line
        super().__init__(f"line {line}: {message}")


@dataclass(frozen=True)
class Token:
    """`kind` is one of name, number, uri, search, text-open, text, text-close, path-open, path-close,
    interpolation, or the operator, bracket or keyword itself."""

    kind: str
    value: str
    line: int


KEYWORDS = frozenset({"if", "then", "else", "assert", "with", "let", "in", "rec", "inherit"})
_SPACE = re.compile(r"(?:[ \t\r\n]+|#[^\n\r]*|/\*.*?\*/)+", re.DOTALL)
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_'\-]*")
_NUMBER = re.compile(r"(?:[1-9][0-9]*\.[0-9]*|0?\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+")
_URI = re.compile(r"[a-zA-Z][a-zA-Z0-9+\-.]*:[a-zA-Z0-9%/?:@&=+$,\-_.!~*']+")
_SEARCH = re.compile(r"<[a-zA-Z0-9._\-+]+(?:/[a-zA-Z0-9._\-+]+)*>")
_PATH = re.compile(r"(?:~|[a-zA-Z0-9._\-+]*)(?:(?:/[a-zA-Z0-9._\-+]+)+/?(?=\$\{)?|/(?=\$\{))")
_PATH_MORE = re.compile(r"[a-zA-Z0-9._\-+/]+")
_OPERATOR = re.compile(r"\.\.\.|\|>|<\||\+\+|//|==|!=|<=|>=|&&|\|\||->|\$\{|[{}()\[\];:,.@?=<>+\-*/!]")


def tokenise(text: str) -> list[Token]:
    """Split a whole file. Raises NixSyntaxError."""
    return _Lexer(text).run()


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.tokens: list[Token] = []

    def run(self) -> list[Token]:
        self._expression(closing=False)
        self._add("end", "")
        return self.tokens

    def _add(self, kind: str, value: str) -> None:
        self.tokens.append(Token(kind, value, self.line))

    def _advance(self, size: int) -> str:
        taken = self.text[self.at : self.at + size]
        self.at += size
        self.line += taken.count("\n")
        return taken

    def _take(self, kind: str, size: int) -> None:
        line = self.line
        self.tokens.append(Token(kind, self._advance(size), line))

    def _expression(self, closing: bool) -> None:
        """Tokens up to the end of the text, or up to the brace that closes an interpolation."""
        depth = 0
        while True:
            space = _SPACE.match(self.text, self.at)
            if space:
                self._advance(space.end() - self.at)
            if self.at >= len(self.text):
                if closing:
                    raise NixSyntaxError("an interpolation is not closed", self.line)
                return
            if self.text[self.at] == "}" and closing and depth == 0:
                self._take("}", 1)
                return
            depth += self._token()

    def _token(self) -> int:
        """One token; returns by how much it changes the depth of braces."""
        text, at = self.text, self.at
        if text[at] == '"':
            self._text()
            return 0
        if text.startswith("''", at):
            self._indented()
            return 0
        # The longest match wins, as in Nix's own lexer: "a/b" is a path, "a:b" a URI.
        words = [(found.end() - at, kind) for pattern, kind in _WORDS if (found := pattern.match(text, at))]
        if words:
            size, kind = max(words, key=lambda word: word[0])
            self._word(kind, size)
            return 0
        found = _OPERATOR.match(text, at)
        if not found:
            raise NixSyntaxError(f"unexpected {text[at]!r}", self.line)
        self._take(found.group(), len(found.group()))
        return {"{": 1, "${": 1, "}": -1}.get(found.group(), 0)

    def _word(self, kind: str, size: int) -> None:
        if kind == "path":
            self._path(size)
        elif kind == "name" and self.text[self.at : self.at + size] in KEYWORDS:
            self._take(self.text[self.at : self.at + size], size)
        else:
            self._take(kind, size)

    def _path(self, size: int) -> None:
        self._add("path-open", "")
        self._take("text", size)
        while True:
            if self.text.startswith("${", self.at):
                self._take("interpolation", 2)
                self._expression(closing=True)
            elif self.tokens[-1].kind == "}" and (more := _PATH_MORE.match(self.text, self.at)):
                self._take("text", more.end() - self.at)
            else:
                break
        self._add("path-close", "")

    def _text(self) -> None:
        self._take("text-open", 1)
        while True:
            size = self._plain_text()
            if size:
                self._take("text", size)
            elif self.text.startswith("${", self.at):
                self._take("interpolation", 2)
                self._expression(closing=True)
            else:
                self._take("text-close", 1)
                return

    def _plain_text(self) -> int:
        """How many characters follow before the string ends or interpolates. A dollar takes the next one along."""
        at, text = self.at, self.text
        while at < len(text) and text[at] != '"':
            if text[at] == "$":
                if text.startswith("${", at):
                    return at - self.at
                at += 1 if text[at + 1 : at + 2] in ('"', "\\") else 2
            else:
                at += 2 if text[at] == "\\" else 1
        if at >= len(text):
            raise NixSyntaxError("a string is not closed", self.line)
        return at - self.at

    def _indented(self) -> None:
        self._take("text-open", 2)
        while True:
            size = self._plain_indented()
            if size:
                self._take("text", size)
            elif self.text.startswith("${", self.at):
                self._take("interpolation", 2)
                self._expression(closing=True)
            else:
                self._take("text-close", 2)
                return

    def _plain_indented(self) -> int:
        at, text = self.at, self.text
        while at < len(text):
            if text.startswith("''", at):
                escape = text[at + 2 : at + 3]
                if escape not in ("'", "$", "\\"):
                    return at - self.at
                at += 4 if escape == "\\" else 3
            elif text[at] == "$":
                if text.startswith("${", at):
                    return at - self.at
                at += 1 if text[at + 1 : at + 2] == "'" else 2
            else:
                at += 1
        raise NixSyntaxError("an indented string is not closed", self.line)


_WORDS = ((_NAME, "name"), (_NUMBER, "number"), (_URI, "uri"), (_SEARCH, "search"), (_PATH, "path"))
