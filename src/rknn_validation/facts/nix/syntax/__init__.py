"""Reading Nix text without evaluating it: what evaluation has already thrown away is still written there."""

from rknn_validation.facts.nix.syntax.literals import Node, Number, Path, Text
from rknn_validation.facts.nix.syntax.parser import parse
from rknn_validation.facts.nix.syntax.tokens import NixSyntaxError
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

__all__ = [
    "Apply",
    "Assert",
    "Attributes",
    "Binding",
    "Formal",
    "Function",
    "Has",
    "If",
    "Inherit",
    "Items",
    "Let",
    "Name",
    "NixSyntaxError",
    "Node",
    "Number",
    "Operation",
    "Path",
    "Select",
    "Text",
    "With",
    "parse",
]
