"""Kernels and kernel modules as the subject's recipes build them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.syntax import Attributes, Binding, Function, Let, Node, With
from rknn_validation.facts.recipes.building import result
from rknn_validation.facts.recipes.nixtrees import NixTree, trees_of
from rknn_validation.facts.recipes.recipes import Recipe, recipes
from rknn_validation.facts.recipes.values import UNKNOWN

_SAYS_NOTHING = ("name", "pname", "version", "src", "meta", "nativeBuildInputs", "buildInputs", "passthru")
_KERNEL = re.compile(r"/lib/modules/|kernel(?:\.dev)?\b|modDirVersion|kernelModuleMakeFlags|KERNEL|KDIR|KSRC")


def modules(facts: Facts) -> tuple[Recipe, ...]:
    """The recipes that build a kernel module."""
    return tuple(one for one in recipes(facts) if _is_module(one))


def _is_module(recipe: Recipe) -> bool:
    scripts = "\n".join(recipe.phases().values())
    inputs = (str(recipe.attrs.get(name)) for name in ("nativeBuildInputs", "buildInputs"))
    return ".ko" in scripts or "modules_install" in scripts or any("moduleBuildDependencies" in text for text in inputs)


def misplaced(recipe: Recipe) -> Iterator[str]:
    """Why modprobe does not find a module that a recipe installs."""
    done = result(recipe)
    for path in done.files if done else ():
        if not path.endswith(".ko") and ".ko" not in (done.files[path] if done else ""):
            continue
        if not path.startswith(("$out/lib/modules/", "@")):
            yield f"the module ends up as {path}; modprobe looks below $out/lib/modules/<version>"
        elif re.match(r"\$out/lib/modules/(?:[^/]+\.ko$|(?:extra|misc|kernel|updates)/)", path):
            yield f"{path}: the directory of the kernel's version is missing between modules and {path.split('/')[3]}"


def kernelless(recipe: Recipe) -> Iterator[str]:
    """Why a module is not built for the kernel that boots."""
    scripts = "\n".join(recipe.phases().values())
    if re.search(r"uname -r|/run/(?:booted|current)-system/kernel", scripts):
        yield "it is built for the kernel of the building machine (uname -r), not for the one that will boot"
        return
    if any(value is UNKNOWN for key, value in recipe.attrs.items() if key not in ("src", "meta", "nativeBuildInputs")):
        return
    # Where it is installed tells the Makefile nothing.
    scripts = re.sub(r"\S*\$\{?out\}?/\S*", "", scripts)
    named = (str(value) for key, value in recipe.attrs.items() if key not in _SAYS_NOTHING and "Phase" not in key)
    if not any(_KERNEL.search(text) for text in (*named, scripts)):
        yield f"nothing tells {recipe.name}'s Makefile which kernel to build for (no KDIR, no kernel.dev)"


@dataclass(frozen=True)
class Setting:
    """A kernel's configuration in a Nix file: `where` it is, and (what is wrong, text) of what cannot be read."""

    where: str
    misread: tuple[tuple[str, str], ...]


@derived
def settings(facts: Facts) -> tuple[Setting, ...]:
    """Every `extraConfig` and `structuredExtraConfig` of the subject's files."""
    return tuple(
        Setting(tree.at(binding), tuple(_misread(tree, binding)))
        for tree in trees_of(facts)
        for node in tree.tree.walk()
        for binding in _kernel_config(node)
    )


def _kernel_config(node: Node) -> Iterator[Binding]:
    if isinstance(node, Attributes):
        for binding in node.bindings():
            if binding.path[-1] in ("extraConfig", "structuredExtraConfig", "extraStructuredConfig"):
                yield binding


def _misread(tree: NixTree, binding: Binding) -> Iterator[tuple[str, str]]:
    text = tree.text(binding.value)
    if binding.path[-1] == "extraConfig" and text is not None:
        for line in text.splitlines():
            if re.match(r"\s*CONFIG_[A-Z0-9_]+\s*[= ]", line):
                yield "extraConfig wants `SYMBOL value`, not the lines of a .config file", line.strip()
            elif re.match(r"\s*[A-Z][A-Z0-9_]+=(?:y|m|n)\s*$", line):
                yield "extraConfig wants a space between symbol and value, not =", line.strip()
    for attributes in _written_sets(binding.value):
        for one in attributes.bindings():
            if isinstance(one.path[0], str) and one.path[0].startswith("CONFIG_"):
                yield "symbols are given without CONFIG_: this asks for CONFIG_CONFIG_…", str(one.path[0])


def _written_sets(node: Node) -> Iterator[Attributes]:
    while isinstance(node, With | Let | Function):
        node = node.body
    if isinstance(node, Attributes) and node is not None:
        yield node
