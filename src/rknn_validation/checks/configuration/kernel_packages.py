"""Kernels and kernel modules as the subject builds them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.findings import Problem, judged
from rknn_validation.checks.model import Answer
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.building import result
from rknn_validation.facts.recipes.nixtrees import NixTree, trees_of
from rknn_validation.facts.recipes.recipes import Recipe, recipes
from rknn_validation.facts.recipes.values import UNKNOWN
from rknn_validation.nix.syntax import Attributes, Binding, Function, Let, Node, With

NO_MODULE = "the subject builds no kernel module"
_SAYS_NOTHING = ("name", "pname", "version", "src", "meta", "nativeBuildInputs", "buildInputs", "passthru")
_KERNEL = re.compile(r"/lib/modules/|kernel(?:\.dev)?\b|modDirVersion|kernelModuleMakeFlags|KERNEL|KDIR|KSRC")


def modules(facts: Facts) -> tuple[Recipe, ...]:
    """The recipes that build a kernel module."""
    return tuple(one for one in recipes(facts) if _is_module(one))


def _is_module(recipe: Recipe) -> bool:
    scripts = "\n".join(recipe.phases().values())
    inputs = (str(recipe.attrs.get(name)) for name in ("nativeBuildInputs", "buildInputs"))
    return ".ko" in scripts or "modules_install" in scripts or any("moduleBuildDependencies" in text for text in inputs)


@CONFIGURATION_CHECKS.check(
    "kernel-module.installs-where-modprobe-looks",
    stage="kernel",
    title="Modules are installed below lib/modules/<kernel version>",
    remedy="Use install -Dm644 rknpu.ko $out/lib/modules/${kernel.modDirVersion}/extra/rknpu.ko.",
    stacks=("vendor",),
)
def installs_where_modprobe_looks(facts: Facts) -> Answer:
    """NixOS merges lib/modules of kernel and packages; what lies elsewhere is not found by modprobe."""
    found = [Problem(one.where, what) for one in modules(facts) for what in _misplaced(one)]
    return judged(found, (one.where for one in modules(facts)), good="below lib/modules", nothing=NO_MODULE)


def _misplaced(recipe: Recipe) -> Iterator[str]:
    done = result(recipe)
    for path in done.files if done else ():
        if not path.endswith(".ko") and ".ko" not in (done.files[path] if done else ""):
            continue
        if not path.startswith(("$out/lib/modules/", "@")):
            yield f"the module ends up as {path}; modprobe looks below $out/lib/modules/<version>"
        elif re.match(r"\$out/lib/modules/(?:[^/]+\.ko$|(?:extra|misc|kernel|updates)/)", path):
            yield f"{path}: the directory of the kernel's version is missing between modules and {path.split('/')[3]}"


@CONFIGURATION_CHECKS.check(
    "kernel-module.knows-its-kernel",
    stage="kernel",
    title="Modules are built against the kernel they are given",
    remedy="Set makeFlags to kernel.makeFlags and KDIR=${kernel.dev}/lib/modules/${kernel.modDirVersion}/build.",
    stacks=("vendor",),
)
def knows_its_kernel(facts: Facts) -> Answer:
    """A Makefile left to itself asks uname for the builder's kernel, whose headers the sandbox does not have."""
    found = [Problem(one.where, what) for one in modules(facts) for what in _kernelless(one)]
    return judged(found, (one.where for one in modules(facts)), good="built against a given kernel", nothing=NO_MODULE)


def _kernelless(recipe: Recipe) -> Iterator[str]:
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


@CONFIGURATION_CHECKS.check(
    "kernel-package.config-is-understood",
    stage="kernel",
    title="Kernel configuration is written the way nixpkgs reads it",
    remedy="In extraConfig write `SYMBOL y` (no CONFIG_, no =), in structuredExtraConfig SYMBOL = lib.kernel.yes;.",
)
def config_is_understood(facts: Facts) -> Answer:
    """nixpkgs' generator fails on, or silently drops, what it cannot read."""
    found: list[Problem] = []
    looked_at: list[str] = []
    for tree in trees_of(facts):
        for node in tree.tree.walk():
            for binding in _kernel_config(node):
                looked_at.append(tree.at(binding))
                found += [Problem(tree.at(binding), what, shown) for what, shown in _misread(tree, binding)]
    nothing = "the subject's files configure no kernel"
    return judged(found, looked_at, good="kernel configuration is readable", nothing=nothing)


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
