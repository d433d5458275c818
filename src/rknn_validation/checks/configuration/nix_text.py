"""Mistakes in Nix text and overlays that evaluation does not report."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Problem, looked_at
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.syntax import (
    Apply,
    Attributes,
    Binding,
    Formal,
    Function,
    Inherit,
    Let,
    Node,
    Operation,
    Text,
    With,
    dotted,
    function_name,
)
from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.nixfiles import NixFile, nix_files

_PROPERTIES = frozenset(
    {"mkIf", "mkMerge", "mkForce", "mkDefault", "mkOverride", "mkOrder", "mkBefore", "mkAfter", "mkVMOverride"}
)
_PROSE = ("description", "longDescription", "example", "defaultText", "message", "changelog")
_QUOTING = ("mkEnableOption", "literalExpression", "literalMD", "mdDoc")
_STORE = re.compile(r"/nix/store/[0-9abcdfghijklmnpqrsvwxyz]{32}-[\w+?=.-]+")
_NIX_NAME = re.compile(r"\$\{((?:cfg|config|pkgs|lib|self|final|prev)\.[\w.\-']+|(?:toString|lib\.[\w.]+) [^}]*)\}")


def _trees(facts: Facts) -> tuple[NixFile, ...]:
    return tuple(tree for tree in nix_files(facts) if tree.about_npu)


@check(
    "lint.conditions-are-merged",
    "mkIf and similar functions are not combined with //",
    remedy="Use mkMerge: config = lib.mkMerge [ (lib.mkIf a { … }) { … } ].",
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
    "// does not drop settings",
    remedy="Write both settings in one attribute set, or combine them with lib.mkMerge or lib.recursiveUpdate.",
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
    "Nix interpolations are not escaped",
    remedy="Remove the escape: write ${cfg.group} instead of ''${cfg.group} or \\${cfg.group}.",
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


def _escaped_bindings(tree: NixFile) -> Iterator[Problem]:
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


def _is_prose(tree: NixFile, text: Text) -> bool:
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
    "No store path is hard-coded",
    stage="packages",
    remedy="Interpolate the package (${pkgs.name}), so that Nix knows the dependency.",
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


NOTHING = "the subject has no overlay"
_FINAL = frozenset({"final", "self", "_final", "_self"})
_PREVIOUS = frozenset({"prev", "super", "_prev", "_super"})
# Everything (or nearly) is built with these: another one means building the whole system from source.
_FOUNDATIONS = frozenset(
    {"stdenv", "glibc", "gcc", "gcc-unwrapped", "binutils", "bash", "coreutils", "openssl", "zlib", "systemd", "perl"}
    | {"python3Minimal", "gnumake", "gawk", "gnused", "findutils", "fetchurl", "cmake", "pkg-config", "libgcc"}
)


@derived
def overlay_functions(facts: Facts) -> tuple[tuple[NixFile, Function, Function], ...]:
    """Every function of two arguments in the subject's files that looks like an overlay: (file, outer, inner)."""
    return tuple(_overlay_functions(facts))


def _overlay_functions(facts: Facts) -> Iterator[tuple[NixFile, Function, Function]]:
    for tree in nix_files(facts):
        for node in tree.tree.walk():
            if isinstance(node, Function) and isinstance(node.body, Function) and node.argument and node.body.argument:
                names = {node.argument, node.body.argument}
                both = names & _FINAL and (names & _PREVIOUS or node.body.argument == "_")
                if both or (names & _PREVIOUS and node.argument == "_"):
                    yield tree, node, node.body


@check(
    "lint.overlay-arguments-are-in-order",
    "Overlays take final first and prev second",
    remedy="Write final: prev: { … } (or self: super:), in this order.",
    nothing=NOTHING,
)
def arguments_are_in_order(facts: Facts) -> Iterator[Finding]:
    """Swapped, what is called prev is the finished set: overriding a package with itself never ends."""
    yield from _swapped(facts)
    yield from looked_at((tree.at(node) for tree, node, _ in overlay_functions(facts)))


def _swapped(facts: Facts) -> Iterator[Problem]:
    for tree, outer, inner in overlay_functions(facts):
        if outer.argument in _PREVIOUS and inner.argument in _FINAL:
            what = f"{outer.argument}: {inner.argument}: is the wrong way round: the first argument is the finished set"
            yield Problem(tree.at(outer), what)


@check(
    "lint.overlay-leaves-the-foundations-alone",
    "Overlays do not replace core packages",
    remedy="Override the package where it is used instead of replacing it for all of nixpkgs.",
    nothing=NOTHING,
)
def leaves_the_foundations_alone(facts: Facts) -> Iterator[Finding]:
    """Another stdenv or glibc for all of nixpkgs: no binary cache fits any more, and a board builds for days."""
    yield from _foundational(facts)
    yield from looked_at((tree.at(node) for tree, node, _ in overlay_functions(facts)))


def _foundational(facts: Facts) -> Iterator[Problem]:
    for tree, outer, inner in overlay_functions(facts):
        for entry in _entries(inner.body):
            names = entry.names if isinstance(entry, Inherit) else entry.path[:1]
            for name in names:
                if name in _FOUNDATIONS and tree.at(outer):
                    what = f"it replaces {name}, so that nearly every package has to be built anew"
                    yield Problem(tree.at(entry), what)


def _entries(node: Node) -> tuple[Binding | Inherit, ...]:
    while isinstance(node, Let | With):
        node = node.body
    if isinstance(node, Operation) and node.operator == "//" and node.left is not None:
        return (*_entries(node.left), *_entries(node.right))
    return node.entries if isinstance(node, Attributes) else ()


@check(
    "lint.overlay-names-its-own-package-by-prev",
    "Overlays override packages from prev",
    remedy="Write name = prev.name.overrideAttrs (…): final.name is the package that is being defined.",
    nothing=NOTHING,
)
def names_its_own_package_by_prev(facts: Facts) -> Iterator[Finding]:
    """x = final.x.override … refers to itself: infinite recursion as soon as x is used."""
    yield from _selfish(facts)
    yield from looked_at((tree.at(node) for tree, node, _ in overlay_functions(facts)))


def _selfish(facts: Facts) -> Iterator[Problem]:
    for tree, outer, inner in overlay_functions(facts):
        for entry in _entries(inner.body):
            if not isinstance(entry, Binding) or len(entry.path) != 1 or outer.argument in _PREVIOUS:
                continue
            own = f"{outer.argument}.{entry.path[0]}"
            for node in _strict(entry.value):
                name = dotted(node) or ""
                if name in (own, f"{own}.override", f"{own}.overrideAttrs", f"{own}.overrideScope", f"{own}.extend"):
                    yield Problem(tree.at(node), f"{entry.path[0]} is defined by {name}, which is itself", name)
                    break


def _strict(node: Node) -> Iterator[Node]:
    """What is certainly evaluated to know what a value is: the head of applications and the sides of //."""
    if isinstance(node, Apply):
        yield from _strict(node.function)
    elif isinstance(node, Operation) and node.operator == "//" and node.left is not None:
        yield from _strict(node.left)
        yield from _strict(node.right)
    elif isinstance(node, Let | With):
        yield from _strict(node.body)
    else:
        yield node


@check(
    "lint.overlay-uses-the-nixpkgs-it-is-given",
    "<nixpkgs> is not used",
    remedy="Take pkgs (or final) as an argument; callPackage passes it.",
    nothing="no Nix files",
)
def uses_the_nixpkgs_it_is_given(facts: Facts) -> Iterator[Finding]:
    """<nixpkgs> is the evaluating user's channel: another version, another libc, and under flakes an error."""
    trees = [tree for tree in nix_files(facts) if tree.about_npu]
    found = [
        Problem(tree.at(node), "<nixpkgs> is looked up in the user's NIX_PATH, which pure evaluation does not have")
        for tree in trees
        if any(_is_looked_up(node) for node in tree.tree.walk())
        for node in _outside_defaults(tree.tree)
        if _is_looked_up(node)
    ]
    yield from found
    yield from looked_at(tree.path.name for tree in trees)


def _is_looked_up(node: Node) -> bool:
    return isinstance(node, NixPath) and node.search and bool(node.literal) and "/" not in (node.literal or "")


def _outside_defaults(node: Node) -> Iterator[Node]:
    """Everything but the defaults of function arguments: `pkgs ? import <nixpkgs> { }` is only for use by hand."""
    yield node
    for child in node.children():
        if not isinstance(child, Formal):
            yield from _outside_defaults(child)
