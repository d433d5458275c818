"""The reader of Nix text agrees with Nix itself on what strings mean and on what is no Nix at all."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from rknn_validation.facts.nix.parse import parse
from rknn_validation.facts.nix.syntax import Apply, Attributes, Function, Name, NixSyntaxError, Operation, Select, Text
from rknn_validation.facts.nix.syntax import Path as NixPath

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[3]

STRINGS = [
    r'"plain"',
    r'"a\nb\t\"\\ \${x} $y $$z $${w} \x"',
    "''\n    one\n      two\n  three\n''",
    "''\n\n    a\n\n  b\n    ''",
    "''one line''",
    "''\n  ''${x} ''' ''\\t $$ $' x'\n''",
    "''  first\n    second\n''",
    "''\n\ta\n  b\n''",
    '"$"',
    "''$''",
    "''\n  'quoted' $${x}\n''",
]


@pytest.mark.parametrize("text", STRINGS)
def test_strings_mean_what_nix_says(text: str) -> None:
    command = ["nix-instantiate", "--eval", "--strict", "--json", "--store", "dummy://", "-E", text]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    tree = parse(text)
    assert isinstance(tree, Text)
    assert tree.literal == json.loads(done.stdout)


def test_interpolations_are_parsed_and_count_as_text_for_indentation() -> None:
    tree = parse("''\n    ${f \"}\"} x\n      y ${a}\n''")
    assert isinstance(tree, Text)
    assert [part for part in tree.parts if isinstance(part, str)] == [" x\n  y ", "\n"]
    assert isinstance(tree.parts[0], Apply)


def test_precedence_and_positions() -> None:
    tree = parse("# comment\nlib.mkIf c { a = 1; }\n  // { b = 2; } // x ? y")
    assert isinstance(tree, Operation)
    assert tree.operator == "//"
    assert isinstance(tree.left, Apply)
    assert isinstance(tree.left.function, Apply)
    assert isinstance(tree.left.function.function, Select)
    assert tree.line == 2
    assert isinstance(tree.right, Operation)
    assert tree.right.left is not None
    assert tree.right.left.line == 3


def test_functions_paths_and_nested_attributes() -> None:
    tree = parse(
        '{ pkgs ? import <nixpkgs> { }, ... }@args: { a.b = ./x/${args.y}/z; a.c = /etc; "d e".${f} = [ 1 ]; }'
    )
    assert isinstance(tree, Function)
    assert tree.argument == "args"
    assert tree.open
    assert isinstance(tree.body, Attributes)
    path = tree.body.get("a", "b")
    assert isinstance(path, NixPath)
    assert path.literal is None
    assert [node.literal for node in tree.walk() if isinstance(node, NixPath)] == ["<nixpkgs>", None, "/etc"]
    nested = parse("{ a = { b.c = x; }; }")
    assert isinstance(nested, Attributes)
    assert nested.get("a", "b", "c") == Name(1, "x")


@pytest.mark.parametrize(
    "text", ["{ a = 1 }", '"open', "''open", "(1", "[ 1", "{ a, b }", "let x = 1;", "${x}", "a b :", '"${a"', "§"]
)
def test_a_syntax_error_names_its_line(text: str) -> None:
    with pytest.raises(NixSyntaxError, match="line 1"):
        parse(text)


def test_every_nix_file_of_the_repository_is_read() -> None:
    files = [path for folder in ("nixos", "src") for path in (ROOT / folder).rglob("*.nix")]
    assert len(files) > 20
    for path in files:
        parse(path.read_text())
