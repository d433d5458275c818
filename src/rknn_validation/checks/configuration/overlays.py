"""Overlays: functions of final and prev, in this order, that leave the rest of nixpkgs alone."""

from __future__ import annotations

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
    With,
    dotted,
)
from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.nixtrees import NixTree, trees_of

NOTHING = "the subject has no overlay"
_FINAL = frozenset({"final", "self", "_final", "_self"})
_PREVIOUS = frozenset({"prev", "super", "_prev", "_super"})
# Everything (or nearly) is built with these: another one means building the whole system from source.
_FOUNDATIONS = frozenset(
    {"stdenv", "glibc", "gcc", "gcc-unwrapped", "binutils", "bash", "coreutils", "openssl", "zlib", "systemd", "perl"}
    | {"python3Minimal", "gnumake", "gawk", "gnused", "findutils", "fetchurl", "cmake", "pkg-config", "libgcc"}
)


@derived
def overlay_functions(facts: Facts) -> tuple[tuple[NixTree, Function, Function], ...]:
    """Every function of two arguments in the subject's files that looks like an overlay: (file, outer, inner)."""
    return tuple(_overlay_functions(facts))


def _overlay_functions(facts: Facts) -> Iterator[tuple[NixTree, Function, Function]]:
    for tree in trees_of(facts):
        for node in tree.tree.walk():
            if isinstance(node, Function) and isinstance(node.body, Function) and node.argument and node.body.argument:
                names = {node.argument, node.body.argument}
                both = names & _FINAL and (names & _PREVIOUS or node.body.argument == "_")
                if both or (names & _PREVIOUS and node.argument == "_"):
                    yield tree, node, node.body


@check(
    "lint.overlay-arguments-are-in-order",
    stage="lint",
    title="An overlay's first argument is final, its second prev",
    remedy="Write final: prev: { … } (or self: super:), in this order.",
    good="overlays take final, then prev",
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
    stage="lint",
    title="Overlays do not replace what everything is built with",
    remedy="Give the package its own version (override it where it is used) instead of replacing it for everything.",
    good="nothing fundamental is replaced",
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
    stage="lint",
    title="A package that is overridden is taken from prev",
    remedy="Write name = prev.name.overrideAttrs (…): final.name is the very package being defined.",
    good="nothing is defined by itself",
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
    stage="lint",
    title="Packages come from the machine's nixpkgs, not from whatever <nixpkgs> is",
    remedy="Take pkgs (or final) as an argument; callPackage passes it.",
    good="no search path is used",
    nothing="no Nix files",
)
def uses_the_nixpkgs_it_is_given(facts: Facts) -> Iterator[Finding]:
    """<nixpkgs> is the evaluating user's channel: another version, another libc, and under flakes an error."""
    trees = [tree for tree in trees_of(facts) if tree.about_npu]
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
