"""Kconfig symbols in the text of overlays and packages, with the mainline kernel they are given to.

Evaluation shows the kernel a machine boots; an overlay's other kernels, and the files a kernel is configured with,
show only in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.kernel.configfile import parse, read
from rknn_validation.facts.kernel.drivers import OFF
from rknn_validation.facts.kernel.source import tree as kernel_tree
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.syntax import (
    Apply,
    Attributes,
    Binding,
    Items,
    Node,
    Select,
    Text,
    dotted,
    function_name,
)
from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.nixtrees import NixTree, trees_of
from rknn_validation.npu import kernels, symbols

_STOCK = re.compile(r"\b(linux(?:_(?:(\d+)_(\d+)|latest|testing|default))?)\.override(?:Attrs)?$")
_LINE = re.compile(r"^\s*(?:CONFIG_)?([A-Z][A-Z0-9_]+)[ =]+(y|m|n|yes|module)\b", re.MULTILINE)
_SETTINGS = ("structuredExtraConfig", "extraStructuredConfig", "extraConfig")
_NEWEST = "999.0"
_TESTS = frozenset({"isYes", "isModule", "isEnabled", "isSet"})


@dataclass(frozen=True)
class Asked:
    """A symbol that a mainline kernel of a version is configured with, or asked for: `where` that is written."""

    where: str
    version: str
    symbol: str


@derived
def asked_symbols(facts: Facts) -> tuple[Asked, ...]:
    """Every symbol the subject's files give to a plainly mainline kernel."""
    found = (one for tree in trees_of(facts) for one in (*_configured(tree), *_required(tree, facts)))
    return tuple(Asked(*one) for one in found)


def _configured(tree: NixTree) -> Iterator[tuple[str, str, str]]:
    """(where, version of the mainline kernel, symbol) of everything a mainline kernel is configured with."""
    for node in tree.tree.walk():
        version = _mainline_version(tree, node)
        if isinstance(node, Apply) and version and not _brings_patch(node.argument):
            for symbol, line in _symbols(tree, node.argument):
                yield f"{tree.at(node).rsplit(':', 1)[0]}:{line}", version, symbol
            for name, symbol in _in_files(tree, node.argument):
                yield name, version, symbol


def _mainline_version(tree: NixTree, node: Node) -> str:
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


def _symbols(tree: NixTree, node: Node) -> Iterator[tuple[str, int]]:
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


def _in_files(tree: NixTree, node: Node) -> Iterator[tuple[str, str]]:
    """(file, symbol) of the Rockchip and NPU symbols in a `configfile` that lies beside the expression."""
    given = _bindings(node).get("configfile")
    if not isinstance(given, NixPath) or not given.literal or given.search:
        return
    path = tree.path.parent / given.literal
    text = read(str(path))
    for symbol in parse(path.name, text).symbols if text else ():
        if symbols.FAMILY.search(symbol):
            yield path.name, symbol


def _required(tree: NixTree, facts: Facts) -> Iterator[tuple[str, str, str]]:
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
