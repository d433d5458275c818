"""A place in a list of tokens."""

from __future__ import annotations

from rknn_validation.facts.nix.syntax.tokens import NixSyntaxError, Token


class Cursor:
    """Walks over tokens; the last one is always of kind "end"."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def kind(self) -> str:
        """The kind of the next token."""
        return self.tokens[self.at].kind

    @property
    def line(self) -> int:
        """Its line."""
        return self.tokens[self.at].line

    def ahead(self, distance: int) -> str:
        """The kind of a later token."""
        return self.tokens[min(self.at + distance, len(self.tokens) - 1)].kind

    def take(self, kind: str) -> Token:
        """The next token, which must be of this kind. Raises NixSyntaxError."""
        token = self.tokens[self.at]
        if token.kind != kind:
            raise NixSyntaxError(f"expected {kind!r}, found {token.value or token.kind!r}", token.line)
        self.at += 1
        return token

    def accept(self, kind: str) -> bool:
        """Step over the next token if it is of this kind."""
        if self.kind != kind:
            return False
        self.at += 1
        return True
