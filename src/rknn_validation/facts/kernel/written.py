"""Kernels in the text of Nix files: recipes of kernels and modules, kernel settings, and the symbols they ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.kernel.drivers import OFF
from rknn_validation.facts.kernel.source import kernel_source as kernel_tree
from rknn_validation.facts.kernel.source import parse_config, read_text
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.syntax import (
    Apply,
    Attributes,
    Binding,
    Function,
    Items,
    Let,
    Node,
    Select,
    Text,
    With,
    dotted,
    function_name,
)
from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.installs import install_result
from rknn_validation.facts.recipes.nixfiles import NixFile, nix_files
from rknn_validation.facts.recipes.recipes import COMPUTED, Recipe, recipes
from rknn_validation.npu import kernels, symbols

_SAYS_NOTHING = ("name", "pname", "version", "src", "meta", "nativeBuildInputs", "buildInputs", "passthru")
_KERNEL = re.compile(r"/lib/modules/|kernel(?:\.dev)?\b|modDirVersion|kernelModuleMakeFlags|KERNEL|KDIR|KSRC")


def module_recipes(facts: Facts) -> tuple[Recipe, ...]:
    """The recipes that build a kernel module."""
    return tuple(one for one in recipes(facts) if _is_module(one))


def _is_module(recipe: Recipe) -> bool:
    scripts = "\n".join(recipe.phases().values())
    inputs = (str(recipe.attrs.get(name)) for name in ("nativeBuildInputs", "buildInputs"))
    return ".ko" in scripts or "modules_install" in scripts or any("moduleBuildDependencies" in text for text in inputs)


def misplaced_module(recipe: Recipe) -> Iterator[str]:
    """Why modprobe does not find a module that a recipe installs."""
    done = install_result(recipe)
    for path in done.files if done else ():
        if not path.endswith(".ko") and ".ko" not in (done.files[path] if done else ""):
            continue
        if not path.startswith(("$out/lib/modules/", "@")):
            yield f"the module ends up as {path}; modprobe looks below $out/lib/modules/<version>"
        elif re.match(r"\$out/lib/modules/(?:[^/]+\.ko$|(?:extra|misc|kernel|updates)/)", path):
            yield f"{path}: the directory of the kernel's version is missing between modules and {path.split('/')[3]}"


def why_no_kernel(recipe: Recipe) -> Iterator[str]:
    """Why a module is not built for the kernel that boots."""
    scripts = "\n".join(recipe.phases().values())
    if re.search(r"uname -r|/run/(?:booted|current)-system/kernel", scripts):
        yield "it is built for the kernel of the building machine (uname -r), not for the one that will boot"
        return
    if any(value is COMPUTED for key, value in recipe.attrs.items() if key not in ("src", "meta", "nativeBuildInputs")):
        return
    # Where it is installed tells the Makefile nothing.
    scripts = re.sub(r"\S*\$\{?out\}?/\S*", "", scripts)
    named = (str(value) for key, value in recipe.attrs.items() if key not in _SAYS_NOTHING and "Phase" not in key)
    if not any(_KERNEL.search(text) for text in (*named, scripts)):
        yield f"nothing tells {recipe.name}'s Makefile which kernel to build for (no KDIR, no kernel.dev)"


@dataclass(frozen=True)
class KernelConfig:
    """A kernel's configuration in a Nix file: `where` it is, and (what is wrong, text) of what cannot be read."""

    where: str
    misread: tuple[tuple[str, str], ...]


@derived
def kernel_configs(facts: Facts) -> tuple[KernelConfig, ...]:
    """Every `extraConfig` and `structuredExtraConfig` of the subject's files."""
    return tuple(
        KernelConfig(tree.at(binding), tuple(_misread(tree, binding)))
        for tree in nix_files(facts)
        for node in tree.tree.walk()
        for binding in _kernel_config(node)
    )


def _kernel_config(node: Node) -> Iterator[Binding]:
    if isinstance(node, Attributes):
        for binding in node.bindings():
            if binding.path[-1] in ("extraConfig", "structuredExtraConfig", "extraStructuredConfig"):
                yield binding


def _misread(tree: NixFile, binding: Binding) -> Iterator[tuple[str, str]]:
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


_STOCK = re.compile(r"\b(linux(?:_(?:(\d+)_(\d+)|latest|testing|default))?)\.override(?:Attrs)?$")
_LINE = re.compile(r"^\s*(?:CONFIG_)?([A-Z][A-Z0-9_]+)[ =]+(y|m|n|yes|module)\b", re.MULTILINE)
_SETTINGS = ("structuredExtraConfig", "extraStructuredConfig", "extraConfig")
_NEWEST = "999.0"
_TESTS = frozenset({"isYes", "isModule", "isEnabled", "isSet"})


@dataclass(frozen=True)
class RequestedSymbol:
    """A symbol that a mainline kernel of a version is configured with, or asked for: `where` that is written."""

    where: str
    version: str
    symbol: str


@derived
def requested_symbols(facts: Facts) -> tuple[RequestedSymbol, ...]:
    """Every symbol the subject's files give to a plainly mainline kernel."""
    found = (one for tree in nix_files(facts) for one in (*_configured(tree), *_required(tree, facts)))
    return tuple(RequestedSymbol(*one) for one in found)


def _configured(tree: NixFile) -> Iterator[tuple[str, str, str]]:
    """(where, version of the mainline kernel, symbol) of everything a mainline kernel is configured with."""
    for node in tree.tree.walk():
        version = _mainline_version(tree, node)
        if isinstance(node, Apply) and version and not _brings_patch(node.argument):
            for symbol, line in _symbols(tree, node.argument):
                yield f"{tree.at(node).rsplit(':', 1)[0]}:{line}", version, symbol
            for name, symbol in _in_files(tree, node.argument):
                yield name, version, symbol


def _mainline_version(tree: NixFile, node: Node) -> str:
    """The version of the plainly mainline kernel that an application makes or changes; "" for any other."""
    if not isinstance(node, Apply):
        return ""
    stock = _STOCK.search(dotted(node.function) or "")
    if stock:
        given = _bindings(node.argument)
        if given.keys() & {"src", "argsOverride", "defconfig"}:
            return ""
        return f"{stock[2]}.{stock[3]}" if stock[2] else _NEWEST
    if function_name(node) not in ("buildLinux", "linuxManualConfig", "linuxPackages_custom", "manualConfig"):
        return ""
    given = _bindings(node.argument)
    version, source = tree.text(given.get("version")), given.get("src")
    if version is None or source is None or not re.match(r"\d+\.\d+", version):
        return ""
    urls = [tree.text(inner) or "" for inner in source.walk() if isinstance(inner, Text)]
    is_mainline = any(re.search(r"mirror://kernel|kernel\.org/|\btorvalds\b", url) for url in urls)
    return version if is_mainline and not kernels.looks_like_vendor_kernel(version, *urls) else ""


def _bindings(node: Node) -> dict[str, Node]:
    """Every setting written in an argument, also below `//` and functions of the former arguments."""
    return {
        str(binding.path[-1]): binding.value
        for inner in node.walk()
        if isinstance(inner, Attributes)
        for binding in inner.bindings()
    }


def _brings_patch(node: Node) -> bool:
    """Whether a patch comes along: what it adds is not known."""
    for inner in node.walk():
        if isinstance(inner, Binding) and inner.path[-1] in ("patch", "patches") and dotted(inner.value) != "null":
            return not (isinstance(inner.value, Items) and not inner.value.items)
    return False


def _symbols(tree: NixFile, node: Node) -> Iterator[tuple[str, int]]:
    """(symbol, line) of what is switched on by a settings attribute below a node; `option` ones may be missing."""
    for setting in node.walk():
        if not isinstance(setting, Binding) or setting.path[-1] not in _SETTINGS:
            continue
        for inner in setting.value.walk():
            if isinstance(inner, Text):
                for symbol, value in _LINE.findall(tree.text(inner) or ""):
                    if value not in OFF:
                        yield symbol, inner.line
            elif isinstance(inner, Binding) and isinstance(inner.path[-1], str) and inner.path[-1].isupper():
                value = (dotted(inner.value) or function_name(inner.value) or "").rsplit(".", 1)[-1]
                if value not in ("no", "unset", "option"):
                    yield inner.path[-1], inner.line


def _in_files(tree: NixFile, node: Node) -> Iterator[tuple[str, str]]:
    """(file, symbol) of the Rockchip and NPU symbols in a `configfile` that lies beside the expression."""
    given = _bindings(node).get("configfile")
    if not isinstance(given, NixPath) or not given.literal or given.search:
        return
    path = tree.path.parent / given.literal
    text = read_text(str(path))
    for symbol in parse_config(path.name, text).symbols if text else ():
        if symbols.FAMILY.search(symbol):
            yield path.name, symbol


def _required(tree: NixFile, facts: Facts) -> Iterator[tuple[str, str, str]]:
    """Symbols named in `system.requiredKernelConfig`, where the machine boots a plain mainline kernel."""
    if not kernel_tree(facts).is_mainline:
        return
    for node in tree.tree.walk():
        if isinstance(node, Binding) and node.path[-1] == "requiredKernelConfig":
            for inner in node.value.walk():
                if isinstance(inner, Apply) and isinstance(inner.argument, Text) and _test(inner.function):
                    symbol = tree.text(inner.argument) or ""
                    if symbols.FAMILY.search(symbol):
                        yield tree.at(inner), facts.configuration.kernel.version, symbol


def _test(node: Node) -> bool:
    name = node.path[-1] if isinstance(node, Select) else function_name(node)
    return name in _TESTS
