"""Shell scripts the configuration runs: of units, of activation, of shells at login, and those written as text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.findings import Problem, judged
from rknn_validation.checks.model import Answer
from rknn_validation.facts.difference import part
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.commands import syntax_error
from rknn_validation.facts.recipes.nixtrees import NixTree, function_name, trees_of
from rknn_validation.facts.recipes.values import rendered
from rknn_validation.nix.syntax import Apply, Attributes, Node, Text

_SHEBANG = re.compile(r"#!\s*\S*(?:@[^@]*@)?\S*\b(?:ba|da)?sh\b")


@CONFIGURATION_CHECKS.check(
    "units.scripts-parse",
    stage="units",
    title="Scripts of units, activation and login are valid shell",
    remedy="Close what bash names as open; in Nix strings ''$ and '' escape differently from shell.",
)
def scripts_parse(facts: Facts) -> Answer:
    """bash reads nothing of a script it cannot parse: the unit fails, or nobody can log in."""
    scripts = tuple(_scripts(facts))
    found = [Problem(where, what, text) for where, text in scripts if (what := script_problem(text))]
    looked_at = (where for where, _ in scripts)
    return judged(found, looked_at, good=f"bash reads {len(scripts)} scripts", nothing="the subject runs no script")


def script_problem(text: str) -> str | None:
    """Why bash will not run a script; None where it will."""
    if "\r" in text:
        return "its lines end in carriage returns, which bash takes for part of each word"
    error = syntax_error(text)
    return f"it is no valid shell: {error.splitlines()[0]}" if error else None


def _scripts(facts: Facts) -> Iterator[tuple[str, str]]:
    ours = part(facts)
    for name, unit in ours.units.items():
        for kind, text in (("script", unit.script), ("preStop", unit.stop_script)):
            if text.strip():
                yield f"{name} {kind}", text
    for name, text in ours.activation_scripts.items():
        yield f"system.activationScripts.{name}", text
    for name, text in ours.shell_init.items():
        yield name, text
    for tree in trees_of(facts):
        if tree.about_npu:
            yield from _written(tree)


def _written(tree: NixTree) -> Iterator[tuple[str, str]]:
    for node in tree.tree.walk():
        if not isinstance(node, Apply):
            continue
        script = _script_of(node)
        if isinstance(script, Text):
            text = rendered(tree, script)
            if _is_shell(node, text):
                yield tree.at(script), text


def _script_of(node: Apply) -> Node | None:
    """The text given to `writeShellScript name text` and its kin."""
    if function_name(node) == "writeShellApplication" and isinstance(node.argument, Attributes):
        return node.argument.get("text")
    inner = node.function
    name = function_name(inner) if isinstance(inner, Apply) else None
    return node.argument if name in _WRITERS else None


_WRITERS = ("writeShellScript", "writeShellScriptBin", "writeScript", "writeScriptBin")


def _is_shell(node: Apply, text: str) -> bool:
    inner = node.function
    name = function_name(inner) if isinstance(inner, Apply) else function_name(node)
    return bool(name and "Shell" in name) or bool(_SHEBANG.match(text.split("\n", 1)[0]))
