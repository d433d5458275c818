"""Has every instance of what an option lists a name of its own, and every part of the module its place?"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from rknn_validation.checks.configuration.registry import ALL_STACKS, CONFIGURATION_CHECKS
from rknn_validation.checks.findings import Problem, judged
from rknn_validation.checks.model import Answer, Evidence, failed, passed
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.nixtrees import NixTree, function_name, trees_of
from rknn_validation.nix.syntax import Apply, Attributes, Function, Let, Node, Text

_TO_SETS = frozenset({"listToAttrs", "mapAttrs'"})
_MAPS = frozenset({"map", "mapAttrsToList", "imap0", "imap1", "forEach"})
_FOLDERS = 200


@CONFIGURATION_CHECKS.check(
    "text.instances-have-names-of-their-own",
    stage="evaluation",
    title="what is made for each of several things is named after it",
    remedy='Put the name into the attribute: lib.nameValuePair "npu-model-${name}" { … }.',
)
def named_apart(facts: Facts) -> Answer:
    """Of several attributes of the same name one is kept: the other units, users or files are never made."""
    trees = [tree for tree in trees_of(facts) if tree.about_npu]
    found = [problem for tree in trees for problem in _same_names(tree)]
    return judged(found, (tree.path.name for tree in trees), good="instances are told apart", nothing="no Nix files")


def _same_names(tree: NixTree) -> Iterator[Problem]:
    for node in tree.tree.walk():
        function = _applied_to_each(node)
        pair = _body(function) if function else None
        name = _name_of(pair) if pair else None
        if name is not None and function is not None:
            yield Problem(tree.at(function), f'every one of them is named "{name}": only one is kept', name)


def _applied_to_each(node: Node) -> Function | None:
    """The function in `mapAttrs' (…) set` and in `listToAttrs (map (…) list)`."""
    if not isinstance(node, Apply):
        return None
    if isinstance(node.function, Apply) and function_name(node.function) == "mapAttrs'":
        found = node.function.argument
    elif function_name(node) == "listToAttrs" and isinstance(node.argument, Apply):
        inner = node.argument.function
        if not isinstance(inner, Apply) or function_name(inner) not in _MAPS:
            return None
        found = inner.argument
    else:
        return None
    return found if isinstance(found, Function) else None


def _body(node: Node) -> Node:
    while isinstance(node, Function | Let):
        node = node.body
    return node


def _name_of(pair: Node) -> str | None:
    """The constant name of a pair; None where it depends on anything."""
    name: Node | None = None
    if isinstance(pair, Attributes):
        name = pair.get("name")
    elif (
        isinstance(pair, Apply) and isinstance(pair.function, Apply) and function_name(pair.function) == "nameValuePair"
    ):
        name = pair.function.argument
    if isinstance(name, Text) and all(isinstance(part, str) for part in name.parts):
        return "".join(str(part) for part in name.parts)
    return None


@CONFIGURATION_CHECKS.check(
    "evaluation.parts-of-the-module-are-imported",
    stage="evaluation",
    title="every file of the module that sets something is imported",
    remedy="Add the file to imports, or remove it.",
    stacks=ALL_STACKS,
)
def parts_are_imported(facts: Facts) -> Answer:
    """A file beside the module that acts on its options and that nothing names has no effect, and nothing says so."""
    reached = {tree.path.resolve() for tree in trees_of(facts)}
    option = re.escape(".".join(facts.subject.option))
    acts = re.compile(rf"\bconfig\.{option}\b")
    lost = []
    for path in _beside(facts.subject.module if isinstance(facts.subject.module, Path) else None):
        if path.resolve() in reached:
            continue
        text = re.sub(r"#[^\n]*|/\*.*?\*/", "", path.read_text(errors="replace"), flags=re.DOTALL)
        is_module = (
            acts.search(text) and re.search(r"\bmkIf\b", text) and re.match(r"\s*\{[^}]*\bconfig\b[^}]*\}\s*:", text)
        )
        if is_module and not _is_named(path, facts.subject.root):
            lost.append(Evidence(path.name, f"acts on {'.'.join(facts.subject.option)}, and no file names it"))
    if lost:
        return failed("a part of the module is never read", *lost)
    return passed(f"{len(reached)} files are read")


def _beside(module: Path | None) -> list[Path]:
    if module is None:
        return []
    folder = module if module.is_dir() else module.parent
    # A module among many others has no parts of its own: only a folder that is the module's is looked at.
    if not (module.is_dir() or module.name == "default.nix"):
        return []
    return sorted(path for path in folder.glob("*.nix") if path.is_file())


def _is_named(path: Path, root: Path) -> bool:
    """Whether any Nix file below the subject's folder names the file, or reads whole folders."""
    for place, _, names in islice(os.walk(root), _FOLDERS):
        for name in names:
            other = Path(place) / name
            if name.endswith(".nix") and other != path:
                text = other.read_text(errors="replace")
                literals = re.findall(r"(?<![\w.$}/])(\.{1,2}/[\w./+-]*)", text)
                if any((other.parent / one).resolve() == path.resolve() for one in literals):
                    return True
                if f'"{path.name}"' in text or f'/{path.name}"' in text or "readDir" in text or "listFiles" in text:
                    return True
    return False
