"""Mistakes in Nix text and overlays that evaluation does not report."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem
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

NO_FILES = "the subject has no Nix files"
NO_OVERLAY = "the subject has no overlay"
_PROPERTIES = frozenset(
    {"mkIf", "mkMerge", "mkForce", "mkDefault", "mkOverride", "mkOrder", "mkBefore", "mkAfter", "mkVMOverride"}
)
_PROSE = ("description", "longDescription", "example", "defaultText", "message", "changelog")
_QUOTING = ("mkEnableOption", "literalExpression", "literalMD", "mdDoc")
_STORE = re.compile(r"/nix/store/[0-9abcdfghijklmnpqrsvwxyz]{32}-[\w+?=.-]+")
_NIX_NAME = re.compile(r"\$\{((?:cfg|config|pkgs|lib|self|final|prev)\.[\w.\-']+|(?:toString|lib\.[\w.]+) [^}]*)\}")
_RUN_LATER = frozenset({"script", "preStart", "postStart", "ExecStart", "ExecStartPre", "ExecStartPost"})
_MAKERS = frozenset({"callPackage", "mkDerivation", "buildEnv", "symlinkJoin", "withPackages", "runCommand"})


def _in_each(facts: Facts, wrong: Callable[[NixFile], Iterator[Problem]]) -> Iterator[Finding]:
    """What is wrong in each file about the NPU."""
    for tree in nix_files(facts):
        if tree.about_npu:
            yield from wrong(tree)
            yield Fine(tree.path.name)


def _updates(tree: NixFile) -> Iterator[tuple[Operation, Node, Node]]:
    """(operation, left side, right side) of every `//`."""
    for node in tree.tree.walk():
        if isinstance(node, Operation) and node.operator == "//" and node.left is not None:
            yield node, node.left, node.right


@check(
    "lint.no-update-of-mkif",
    "mkIf and similar functions are not combined with //",
    remedy="Use mkMerge: config = lib.mkMerge [ (lib.mkIf a { … }) { … } ].",
    nothing=NO_FILES,
)
def conditions_are_merged(facts: Facts) -> Iterator[Finding]:
    """mkIf returns a set that the module system unpacks: what // adds to it is dropped without an error."""
    yield from _in_each(facts, _updated_properties)


def _updated_properties(tree: NixFile) -> Iterator[Problem]:
    for _, left, right in _updates(tree):
        for side, other in ((left, "right"), (right, "left")):
            if name := property_name(side):
                what = f"{name} … // …: the module system reads only {name}, and the {other} side is lost"
                yield Problem(tree.at(side), what)


def property_name(node: Node) -> str | None:
    """`mkIf` for `lib.mkIf condition value`, and so on; None for anything else."""
    depth = 0
    while isinstance(node, Apply):
        node, depth = node.function, depth + 1
    # With fewer arguments, the same names are functions, not properties.
    name = function_name(node)
    wanted = 2 if name in ("mkIf", "mkOverride", "mkOrder") else 1
    return name if name in _PROPERTIES and depth == wanted else None


@check(
    "lint.update-keeps-settings",
    "// does not drop settings",
    remedy="Write both settings in one attribute set, or combine them with lib.mkMerge or lib.recursiveUpdate.",
    nothing=NO_FILES,
)
def update_loses_nothing(facts: Facts) -> Iterator[Finding]:
    """// is shallow: { services.a = …; } // { services.b = …; } has no services.a."""
    yield from _in_each(facts, _lost)


def _lost(tree: NixFile) -> Iterator[Problem]:
    for node, left_side, right_side in _updates(tree):
        left, right = _sets(left_side), _sets(right_side)
        for key in sorted(left.keys() & right.keys()):
            if lost := sorted(left[key] - right[key]):
                what = f"{key} of the right side replaces {key} of the left side: {', '.join(lost)} is lost"
                yield Problem(tree.at(node), what)


def _sets(node: Node) -> dict[str, set[str]]:
    """Top-level name -> the dotted settings below it, of a literal set whose value there is again a set."""
    if isinstance(node, Operation) and node.operator == "//" and node.left is not None:
        return _sets(node.left) | _sets(node.right)
    if isinstance(node, Apply) and function_name(node) is None and isinstance(node.function, Apply):
        return _sets(node.argument) if function_name(node.function) == "optionalAttrs" else {}
    if not isinstance(node, Attributes) or node.recursive:
        return {}
    found: dict[str, set[str]] = {}
    for binding in node.bindings():
        below = {".".join(path) for path in _paths(binding) if len(path) > 1}
        if below and isinstance(binding.path[0], str):
            found.setdefault(binding.path[0], set()).update(below)
    return found


def _paths(binding: Binding) -> Iterator[tuple[str, ...]]:
    start = tuple(part if isinstance(part, str) else "${…}" for part in binding.path)
    if isinstance(binding.value, Attributes) and not binding.value.recursive:
        for inner in binding.value.bindings():
            yield from ((*start, *rest) for rest in _paths(inner))
    else:
        yield start


@check(
    "lint.interpolations-not-escaped",
    "Nix interpolations are not escaped",
    remedy="Remove the escape: write ${cfg.group} instead of ''${cfg.group} or \\${cfg.group}.",
    nothing=NO_FILES,
)
def interpolations_are_not_escaped(facts: Facts) -> Iterator[Finding]:
    """Escaped, ${cfg.group} stays literal text; no shell has a variable with a dot in its name."""
    yield from _in_each(facts, _escaped)


def _escaped(tree: NixFile) -> Iterator[Problem]:
    for node in tree.tree.walk():
        for part in node.parts if isinstance(node, Text) else ():
            found = _NIX_NAME.search(part) if isinstance(part, str) else None
            if found and isinstance(node, Text) and not _is_prose(tree, node):
                yield Problem(tree.at(node), f"{found.group()} is escaped and stays literal text", node.raw[:200])
        if isinstance(node, Binding) and isinstance(node.value, Text):
            yield from _escaped_in_script(tree, node, node.value)


def _escaped_in_script(tree: NixFile, binding: Binding, script: Text) -> Iterator[Problem]:
    """`''${name}` in a script that never sets it, where the file binds a package to that name."""
    if binding.path[-1] not in _RUN_LATER and "activationScripts" not in binding.path:
        return
    text = "".join(part if isinstance(part, str) else "" for part in script.parts)
    for name in dict.fromkeys(re.findall(r"\$\{(\w+)\}(?=/)", text)):
        set_here = re.search(rf"\b(?:{name}=|for\s+{name}\b|read\b[^\n]*\b{name}\b)", text)
        bound = tree.names.get(name)
        while isinstance(bound, Apply) and isinstance(bound.function, Apply):
            bound = bound.function
        if not set_here and isinstance(bound, Apply) and function_name(bound) in _MAKERS:
            yield Problem(tree.at(script), f"${{{name}}} is escaped: no shell variable of that name is set")


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
    "packages.no-hardcoded-store-path",
    "No store path is hard-coded",
    remedy="Interpolate the package (${pkgs.name}), so that Nix knows the dependency.",
    nothing=NO_FILES,
)
def names_no_fixed_store_path(facts: Facts) -> Iterator[Finding]:
    """A store path copied as text is no dependency: other machines lack it, and here it may be garbage-collected."""
    yield from _in_each(facts, _hard_coded)


def _hard_coded(tree: NixFile) -> Iterator[Problem]:
    for node in tree.tree.walk():
        if isinstance(node, Text | NixPath):
            written = (part for part in node.parts if isinstance(part, str))
            found = next((hit for part in written if (hit := _STORE.search(part))), None)
            if found and not (isinstance(node, Text) and _is_prose(tree, node)):
                yield Problem(tree.at(node), "a store path written as text is not a dependency", found.group())


@check(
    "lint.no-nixpkgs-search-path",
    "<nixpkgs> is not used",
    remedy="Take pkgs (or final) as an argument; callPackage passes it.",
    nothing=NO_FILES,
)
def uses_the_nixpkgs_it_is_given(facts: Facts) -> Iterator[Finding]:
    """<nixpkgs> is the channel of the user who evaluates: another version, another libc, and with flakes an error."""
    yield from _in_each(facts, _looked_up)


def _looked_up(tree: NixFile) -> Iterator[Problem]:
    # The test of the whole tree is cheap, and nearly always false.
    for node in _outside_defaults(tree.tree) if any(map(_is_nixpkgs, tree.tree.walk())) else ():
        if _is_nixpkgs(node):
            what = "<nixpkgs> is looked up in the user's NIX_PATH, which pure evaluation does not have"
            yield Problem(tree.at(node), what)


def _is_nixpkgs(node: Node) -> bool:
    return isinstance(node, NixPath) and node.search and bool(node.literal) and "/" not in (node.literal or "")


def _outside_defaults(node: Node) -> Iterator[Node]:
    """Everything but the defaults of function arguments: `pkgs ? import <nixpkgs> { }` is for use by hand."""
    yield node
    for child in node.children():
        if not isinstance(child, Formal):
            yield from _outside_defaults(child)


_FINAL = frozenset({"final", "self", "_final", "_self"})
_PREVIOUS = frozenset({"prev", "super", "_prev", "_super"})
_CORE_PACKAGES = frozenset(
    {"stdenv", "glibc", "gcc", "gcc-unwrapped", "binutils", "bash", "coreutils", "openssl", "zlib", "systemd", "perl"}
    | {"python3Minimal", "gnumake", "gawk", "gnused", "findutils", "fetchurl", "cmake", "pkg-config", "libgcc"}
)
"""Nearly everything is built with these: replacing one means building the whole system from source."""

Overlay = tuple[NixFile, Function, Function]
"""(file, function of the first argument, function of the second argument)."""


@derived
def overlay_functions(facts: Facts) -> tuple[Overlay, ...]:
    """Every function of two arguments in the subject's files that looks like an overlay."""
    return tuple(
        (tree, node, node.body)
        for tree in nix_files(facts)
        for node in tree.tree.walk()
        if isinstance(node, Function) and isinstance(node.body, Function) and _takes_overlay_arguments(node, node.body)
    )


def _takes_overlay_arguments(outer: Function, inner: Function) -> bool:
    if not outer.argument or not inner.argument:
        return False
    names = {outer.argument, inner.argument}
    both = names & _FINAL and (names & _PREVIOUS or inner.argument == "_")
    return bool(both or (names & _PREVIOUS and outer.argument == "_"))


def _in_each_overlay(facts: Facts, wrong: Callable[[Overlay], Iterator[Problem]]) -> Iterator[Finding]:
    for overlay in overlay_functions(facts):
        yield from wrong(overlay)
        yield Fine(overlay[0].at(overlay[1]))


@check(
    "lint.overlay-argument-order",
    "Overlays take final first and prev second",
    remedy="Write final: prev: { … } (or self: super:), in this order.",
    nothing=NO_OVERLAY,
)
def arguments_are_in_order(facts: Facts) -> Iterator[Finding]:
    """Swapped, what is called prev is the final set: overriding a package with itself recurses infinitely."""
    yield from _in_each_overlay(facts, _swapped)


def _swapped(overlay: Overlay) -> Iterator[Problem]:
    tree, outer, inner = overlay
    if outer.argument in _PREVIOUS and inner.argument in _FINAL:
        what = f"the arguments {outer.argument}: {inner.argument}: are swapped: the first one is the final set"
        yield Problem(tree.at(outer), what)


@check(
    "lint.overlay-keeps-core-packages",
    "Overlays do not replace core packages",
    remedy="Override the package where it is used instead of replacing it for all of nixpkgs.",
    nothing=NO_OVERLAY,
)
def leaves_the_foundations_alone(facts: Facts) -> Iterator[Finding]:
    """With another stdenv or glibc for all of nixpkgs no binary cache applies, and a board builds for days."""
    yield from _in_each_overlay(facts, _replaced)


def _replaced(overlay: Overlay) -> Iterator[Problem]:
    tree, _, inner = overlay
    for entry in _entries(inner.body):
        for name in entry.names if isinstance(entry, Inherit) else entry.path[:1]:
            if name in _CORE_PACKAGES:
                yield Problem(tree.at(entry), f"it replaces {name}, so nearly every package has to be rebuilt")


def _entries(node: Node) -> tuple[Binding | Inherit, ...]:
    while isinstance(node, Let | With):
        node = node.body
    if isinstance(node, Operation) and node.operator == "//" and node.left is not None:
        return (*_entries(node.left), *_entries(node.right))
    return node.entries if isinstance(node, Attributes) else ()


@check(
    "lint.overlay-overrides-from-prev",
    "Overlays override packages from prev",
    remedy="Write name = prev.name.overrideAttrs (…): final.name is the package that is being defined.",
    nothing=NO_OVERLAY,
)
def names_its_own_package_by_prev(facts: Facts) -> Iterator[Finding]:
    """x = final.x.override … refers to itself: infinite recursion as soon as x is used."""
    yield from _in_each_overlay(facts, _self_referring)


def _self_referring(overlay: Overlay) -> Iterator[Problem]:
    tree, outer, inner = overlay
    for entry in _entries(inner.body) if outer.argument not in _PREVIOUS else ():
        if not isinstance(entry, Binding) or len(entry.path) != 1:
            continue
        own = f"{outer.argument}.{entry.path[0]}"
        itself = (own, *(f"{own}.{name}" for name in ("override", "overrideAttrs", "overrideScope", "extend")))
        for node in _strict(entry.value):
            if (name := dotted(node) or "") in itself:
                yield Problem(tree.at(node), f"{entry.path[0]} is defined by {name}, which is itself", name)
                break


def _strict(node: Node) -> Iterator[Node]:
    """What is always evaluated to know what a value is: the head of applications and the sides of //."""
    if isinstance(node, Apply):
        yield from _strict(node.function)
    elif isinstance(node, Operation) and node.operator == "//" and node.left is not None:
        yield from _strict(node.left)
        yield from _strict(node.right)
    elif isinstance(node, Let | With):
        yield from _strict(node.body)
    else:
        yield node
