"""The shell scripts a subject has run or writes for the NPU, and what shellcheck says of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.difference import part
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.syntax import Apply, Attributes, Node, Text, function_name
from rknn_validation.facts.npumodule import is_npu_module
from rknn_validation.facts.npupart import npu_units
from rknn_validation.facts.recipes.nixtrees import NixTree, trees_of
from rknn_validation.facts.recipes.values import rendered
from rknn_validation.facts.text.shellcheck import Judgement, judge
from rknn_validation.npu.about import about_npu

_SHEBANG = re.compile(r"#!\s*\S*(?:@[^@]*@)?\S*\b(?:ba|da)?sh\b")
_WRITERS = ("writeShellScript", "writeShellScriptBin", "writeScript", "writeScriptBin")
_UNKNOWN_LINE = re.compile(r"^\s*@[\w.…-]+@\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Script:
    """A script and where it is written. `judgement` is None where nobody could judge it."""

    where: str
    text: str
    judgement: Judgement | None

    @property
    def has_unknown_lines(self) -> bool:
        """Whether whole lines of it are known after evaluation only."""
        return bool(_UNKNOWN_LINE.search(self.text))


@derived
def checked_scripts(facts: Facts) -> tuple[Script, ...]:
    """The scripts of units, of activation, of shells at login, and those written as text; each judged, all at once."""
    found = [(where, text) for where, text in _scripts(facts) if text.strip()]
    judged = judge(text for _, text in found)
    return tuple(Script(where, text, judged.get(text)) for where, text in found)


def _scripts(facts: Facts) -> Iterator[tuple[str, str]]:
    ours = part(facts)
    for name, unit in npu_units(facts).items():
        for kind, text in {"script": unit.script, "preStop": unit.stop_script, **unit.scripts}.items():
            yield f"{name} {kind}", text
    for where, text in (*ours.root_scripts.items(), *ours.shell_init.items()):
        if is_npu_module(facts) or about_npu(text):
            yield where, text
    for tree in trees_of(facts):
        if tree.about_npu:
            yield from _written(tree)


def _written(tree: NixTree) -> Iterator[tuple[str, str]]:
    for node in tree.tree.walk():
        if isinstance(node, Apply):
            script = _script_of(node)
            if isinstance(script, Text) and _is_shell(node, text := rendered(tree, script)):
                yield tree.at(script), text


def _script_of(node: Apply) -> Node | None:
    """The text given to `writeShellScript name text` and its kin."""
    if function_name(node) == "writeShellApplication" and isinstance(node.argument, Attributes):
        return node.argument.get("text")
    inner = node.function
    name = function_name(inner) if isinstance(inner, Apply) else None
    return node.argument if name in _WRITERS else None


def _is_shell(node: Apply, text: str) -> bool:
    inner = node.function
    name = function_name(inner) if isinstance(inner, Apply) else function_name(node)
    return bool(name and "Shell" in name) or bool(_SHEBANG.match(text.split("\n", 1)[0]))
