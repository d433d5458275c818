"""Everything a subject downloads: the evaluated sources of its packages and the fetcher calls in its text."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.instantiate import STANDIN
from rknn_validation.facts.nix.package import Package
from rknn_validation.facts.nix.syntax import (
    Apply,
    Attributes,
    Binding,
    Inherit,
    Name,
    Node,
    Operation,
    Text,
    dotted,
    function_name,
)
from rknn_validation.facts.recipes.nixtrees import NixTree, trees_of

FETCHERS = frozenset(
    {
        "fetchurl",
        "fetchzip",
        "fetchtarball",
        "fetchTarball",
        "fetchgit",
        "fetchGit",
        "fetchTree",
        "fetchFromGitHub",
        "fetchFromGitLab",
        "fetchFromGitea",
        "fetchFromForgejo",
        "fetchFromCodeberg",
        "fetchFromSourcehut",
        "fetchFromBitbucket",
        "fetchPypi",
        "fetchpatch",
        "fetchpatch2",
        "fetchsvn",
        "fetchhg",
    }
)
HASH_ATTRIBUTES = ("hash", "sha256", "outputHash", "sha512", "sha1", "md5", "narHash")
UNKNOWN = "${…}"
"""Stands for what only evaluation knows in a text taken from a file."""


@dataclass(frozen=True)
class Fetch:
    """One download.

    `urls` and `attrs` may contain UNKNOWN. `hash` is None where none is given, UNKNOWN where one is given that only
    evaluation knows; `hash_attribute` is the name it is given under. `builtin` fetchers run while evaluating.
    """

    fetcher: str
    urls: tuple[str, ...]
    hash: str | None
    hash_attribute: str
    attrs: Mapping[str, str]
    where: str
    builtin: bool = False
    package: Package | None = None

    @property
    def revision(self) -> str | None:
        """The commit, tag or branch asked for."""
        return self.attrs.get("rev") or self.attrs.get("tag") or self.attrs.get("ref")

    @property
    def repository(self) -> tuple[str, str] | None:
        """(owner, name) of the Git repository, from attributes or a GitHub URL."""
        if "owner" in self.attrs and "repo" in self.attrs:
            return self.attrs["owner"], self.attrs["repo"]
        for url in self.urls:
            parts = url.split("/")
            if len(parts) > 4 and parts[2] in ("github.com", "raw.githubusercontent.com", "codeload.github.com"):
                return parts[3], parts[4].removesuffix(".git")
        return None

    @property
    def file_name(self) -> str:
        """The last part of the address."""
        return self.urls[0].rsplit("/", 1)[-1] if self.urls else ""

    def __str__(self) -> str:
        shown = self.urls[0] if self.urls else " ".join(f"{key}={value}" for key, value in self.attrs.items())
        return f"{self.fetcher} {shown}".strip()


@derived
def fetches(facts: Facts) -> tuple[Fetch, ...]:
    """Every download of the packages the configuration brings in, and every one written in the subject's files."""
    found: list[Fetch] = []
    for package in subject_packages(facts):
        if package.source and package.source.fetcher in FETCHERS | {f"builtins.{name}" for name in FETCHERS}:
            found.append(_evaluated(package))
    known = {(one.hash, one.file_name) for one in found if one.hash}
    for tree in trees_of(facts):
        if tree.about_npu:
            found += [one for one in _written(tree) if (one.hash, one.file_name) not in known]
    return tuple(found)


@derived
def subject_packages(facts: Facts) -> tuple[Package, ...]:
    """The packages of the configuration that are not in the machine's baseline and not nixpkgs' own."""
    configuration = facts.evaluation.configuration
    if configuration is None:
        return ()
    before = facts.baseline.configuration
    old = {package.out_path for package in before.packages()} if before else set()
    files = {str(tree.path) for tree in trees_of(facts)}
    new = (one for one in configuration.packages() if one.out_path not in old)
    return tuple(one for one in new if _is_ours(one, files))


def _is_ours(package: Package, files: set[str]) -> bool:
    """Whether the package's expression is the subject's: a file it leads to, or at least one below its directory."""
    place = (package.position or "").split(":")[0]
    return place in files or (package.origin != "nixpkgs" and not place.startswith(str(STANDIN)))


def _evaluated(package: Package) -> Fetch:
    source = package.source
    assert source is not None
    attrs = {key: value for key, value in source.attrs.items() if isinstance(value, str)}
    attribute = attrs.get("outputHashAlgo") or next((name for name in HASH_ATTRIBUTES if attrs.get(name)), "hash")
    return Fetch(
        fetcher=source.fetcher.removeprefix("builtins."),
        urls=source.urls,
        hash=attrs.get(attribute) or source.hash,
        hash_attribute=attribute,
        attrs=attrs,
        where=f"{package.name}.src" + (f" ({package.position})" if package.position else ""),
        builtin=source.fetcher.startswith("builtins."),
        package=package,
    )


@functools.lru_cache(maxsize=512)
def _written(tree: NixTree) -> tuple[Fetch, ...]:
    applied = (node for node in tree.tree.walk() if isinstance(node, Apply))
    return tuple(fetch for node in applied if (fetch := fetch_of(tree, node)))


def fetch_of(tree: NixTree, node: Apply) -> Fetch | None:
    """The download an application of a fetcher asks for; None where it is none or its arguments are computed."""
    name = function_name(node) or ""
    if name not in FETCHERS:
        return None
    builtin = (dotted(node.function) or "").startswith("builtins.") or name in ("fetchTarball", "fetchGit")
    if isinstance(node.argument, Attributes):
        return _call(tree, name, builtin, node.argument)
    url = tree.text(node.argument)
    if builtin and url is not None:
        # builtins.fetchurl "https://…": nothing can be pinned this way.
        return Fetch(name, (url,), None, "sha256", {}, tree.at(node), builtin=True)
    return None


def _call(tree: NixTree, name: str, builtin: bool, argument: Attributes) -> Fetch:
    attrs: dict[str, str] = {}
    for entry in argument.entries:
        if isinstance(entry, Inherit):
            attrs |= {key: tree.text(Name(entry.line, key)) or UNKNOWN for key in entry.names}
        elif isinstance(entry, Binding) and len(entry.path) == 1 and isinstance(entry.path[0], str):
            attrs[entry.path[0]] = _value(tree, entry.value)
    given = next((key for key in HASH_ATTRIBUTES if key in attrs), None)
    urls = (attrs["url"],) if "url" in attrs else ()
    return Fetch(
        fetcher=name,
        urls=urls,
        hash=attrs[given] if given else None,
        hash_attribute=given or "hash",
        attrs=attrs,
        where=tree.at(argument),
        builtin=builtin,
    )


def _value(tree: NixTree, node: Node) -> str:
    name = dotted(node) or ""
    if name.rsplit(".", 1)[-1] in ("fakeHash", "fakeSha256", "fakeSha512"):
        return name
    if isinstance(node, Text | Name | Operation):
        text = tree.text(node)
        return UNKNOWN if text is None else text
    return UNKNOWN
