"""What Nix text says and evaluation quietly drops."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Problem, looked_at
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.syntax import Apply, Attributes, Binding, Node, Operation, Text, function_name
from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.nixtrees import NixTree, trees_of

_PROPERTIES = frozenset(
    {"mkIf", "mkMerge", "mkForce", "mkDefault", "mkOverride", "mkOrder", "mkBefore", "mkAfter", "mkVMOverride"}
)
_PROSE = ("description", "longDescription", "example", "defaultText", "message", "changelog")
_QUOTING = ("mkEnableOption", "literalExpression", "literalMD", "mdDoc")
_STORE = re.compile(r"/nix/store/[0-9abcdfghijklmnpqrsvwxyz]{32}-[\w+?=.-]+")
_NIX_NAME = re.compile(r"\$\{((?:cfg|config|pkgs|lib|self|final|prev)\.[\w.\-']+|(?:toString|lib\.[\w.]+) [^}]*)\}")


def _trees(facts: Facts) -> tuple[NixTree, ...]:
    return tuple(tree for tree in trees_of(facts) if tree.about_npu)


@check(
    "lint.conditions-are-merged",
    stage="lint",
    title="mkIf and its kin are combined with mkMerge, not with //",
    remedy="Write config = lib.mkMerge [ (lib.mkIf a { … }) { … } ].",
    good="no property is updated with //",
    nothing="no Nix files",
)
def conditions_are_merged(facts: Facts) -> Iterator[Finding]:
    """mkIf returns a set the module system opens up: what // adds to it is dropped without a word."""
    yield from _updated_properties(facts)
    yield from looked_at(tree.path.name for tree in _trees(facts))


def _updated_properties(facts: Facts) -> Iterator[Problem]:
    for tree in _trees(facts):
        for node in tree.tree.walk():
            if not isinstance(node, Operation) or node.operator != "//" or node.left is None:
                continue
            for side, other in ((node.left, "right"), (node.right, "left")):
                name = property_name(side)
                if name:
                    what = f"{name} … // …: of the {other} side nothing arrives, the module system reads only {name}'s"
                    yield Problem(tree.at(side), what)


def property_name(node: Node) -> str | None:
    """`mkIf` for `lib.mkIf condition value`, and so on; None for anything else."""
    depth = 0
    while isinstance(node, Apply):
        node, depth = node.function, depth + 1
    # The same names with too few arguments are functions, not properties.
    name = function_name(node)
    wanted = 2 if name in ("mkIf", "mkOverride", "mkOrder") else 1
    return name if name in _PROPERTIES and depth == wanted else None


@check(
    "lint.update-loses-nothing",
    stage="lint",
    title="// does not throw away settings of the same name",
    remedy="Write both settings in one attribute set, or combine them with lib.mkMerge or lib.recursiveUpdate.",
    good="no // throws away a setting",
    nothing="no Nix files",
)
def update_loses_nothing(facts: Facts) -> Iterator[Finding]:
    """// is shallow: { services.a = …; } // { services.b = …; } has no services.a."""
    yield from _lost(facts)
    yield from looked_at(tree.path.name for tree in _trees(facts))


def _lost(facts: Facts) -> Iterator[Problem]:
    for tree in _trees(facts):
        for node in tree.tree.walk():
            if isinstance(node, Operation) and node.operator == "//" and node.left is not None:
                left, right = _sets(node.left), _sets(node.right)
                for key in sorted(left.keys() & right.keys()):
                    lost = sorted(left[key] - right[key])
                    if lost:
                        yield Problem(
                            tree.at(node), f"the right side's {key} replaces the left side's: {', '.join(lost)} is lost"
                        )


def _sets(node: Node) -> dict[str, set[str]]:
    """Top-level name -> the dotted settings below it, of a literal set whose value there is again a set."""
    if isinstance(node, Operation) and node.operator == "//" and node.left is not None:
        return _sets(node.left) | _sets(node.right)
    if isinstance(node, Apply) and function_name(node) is None and isinstance(node.function, Apply):
        name = function_name(node.function)
        return _sets(node.argument) if name == "optionalAttrs" else {}
    if not isinstance(node, Attributes) or node.recursive:
        return {}
    found: dict[str, set[str]] = {}
    for binding in node.bindings():
        if not isinstance(binding.path[0], str):
            continue
        below = {".".join(path) for path in _paths(binding) if len(path) > 1}
        if below:
            found.setdefault(binding.path[0], set()).update(below)
    return found


def _paths(binding: Binding) -> Iterator[tuple[str, ...]]:
    start = tuple(part if isinstance(part, str) else "${…}" for part in binding.path)
    if isinstance(binding.value, Attributes) and not binding.value.recursive:
        for inner in binding.value.bindings():
            for rest in _paths(inner):
                yield (*start, *rest)
    else:
        yield start


@check(
    "lint.interpolations-are-not-escaped",
    stage="lint",
    title="Nix names in strings are interpolated, not escaped",
    remedy="Remove the escape: ${cfg.group} instead of ''${cfg.group} or \\${cfg.group}.",
    good="no Nix name is escaped in a string",
    nothing="no Nix files",
)
def interpolations_are_not_escaped(facts: Facts) -> Iterator[Finding]:
    """Escaped, ${cfg.group} stays literal text; no shell has a variable with a dot in its name."""
    yield from _escaped(facts)
    yield from looked_at(tree.path.name for tree in _trees(facts))


def _escaped(facts: Facts) -> Iterator[Problem]:
    for tree in _trees(facts):
        for node in tree.tree.walk():
            if isinstance(node, Text):
                for part in node.parts:
                    found = _NIX_NAME.search(part) if isinstance(part, str) else None
                    if found and not _is_prose(tree, node):
                        yield Problem(
                            tree.at(node), f"{found.group()} is escaped and stays literal text", node.raw[:200]
                        )
        yield from _escaped_bindings(tree)


_RUN_LATER = frozenset({"script", "preStart", "postStart", "ExecStart", "ExecStartPre", "ExecStartPost"})


def _escaped_bindings(tree: NixTree) -> Iterator[Problem]:
    """`''${name}` in a script that never sets it, where the file binds a package to that name."""
    for node in tree.tree.walk():
        if not isinstance(node, Binding) or not isinstance(node.value, Text):
            continue
        if node.path[-1] not in _RUN_LATER and "activationScripts" not in node.path:
            continue
        text = "".join(part if isinstance(part, str) else "" for part in node.value.parts)
        for name in dict.fromkeys(re.findall(r"\$\{(\w+)\}(?=/)", text)):
            set_here = re.search(rf"\b(?:{name}=|for\s+{name}\b|read\b[^\n]*\b{name}\b)", text)
            bound = tree.names.get(name)
            while isinstance(bound, Apply) and isinstance(bound.function, Apply):
                bound = bound.function
            if not set_here and isinstance(bound, Apply) and function_name(bound) in _MAKERS:
                yield Problem(tree.at(node.value), f"${{{name}}} is escaped: no shell variable of that name is set")


_MAKERS = frozenset({"callPackage", "mkDerivation", "buildEnv", "symlinkJoin", "withPackages", "runCommand"})


def _is_prose(tree: NixTree, text: Text) -> bool:
    """Whether the string is documentation: descriptions and examples quote Nix code."""
    for node in tree.tree.walk():
        inner: Node | None = None
        if isinstance(node, Binding) and node.path[-1] in _PROSE:
            inner = node.value
        elif isinstance(node, Apply) and function_name(node) in _QUOTING:
            inner = node.argument
        if inner is not None and any(one is text for one in inner.walk()):
            return True
    return False


@check(
    "text.names-no-fixed-store-path",
    stage="packages",
    title="No store path is written by hand",
    remedy="Interpolate the package (${pkgs.name}): Nix then knows that it is needed.",
    good="no store path is written by hand",
    nothing="no Nix files",
)
def names_no_fixed_store_path(facts: Facts) -> Iterator[Finding]:
    """A store path copied as text is no dependency: it is absent on other machines, and collected on this one."""
    yield from _fixed(facts)
    yield from looked_at(tree.path.name for tree in _trees(facts))


def _fixed(facts: Facts) -> Iterator[Problem]:
    for tree in _trees(facts):
        for node in tree.tree.walk():
            if isinstance(node, Text | NixPath):
                written = (part for part in node.parts if isinstance(part, str))
                found = next((hit for part in written if (hit := _STORE.search(part))), None)
                if found and not (isinstance(node, Text) and _is_prose(tree, node)):
                    yield Problem(tree.at(node), "a store path written by hand is not a dependency", found.group())
