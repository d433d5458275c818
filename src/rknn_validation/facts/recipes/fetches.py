"""Everything a subject downloads: the addresses, whether their content can change, and the expected hashes."""

from __future__ import annotations

import base64
import binascii
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.command import STANDIN
from rknn_validation.facts.nix.configuration import Package
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
from rknn_validation.facts.recipes.nixfiles import NixFile, nix_files

FETCHERS = frozenset(
    {
        *("fetchurl", "fetchzip", "fetchtarball", "fetchTarball", "fetchgit", "fetchGit", "fetchTree"),
        *("fetchFromGitHub", "fetchFromGitLab", "fetchFromGitea", "fetchFromForgejo", "fetchFromCodeberg"),
        *("fetchFromSourcehut", "fetchFromBitbucket", "fetchPypi", "fetchpatch", "fetchpatch2", "fetchsvn"),
        *("fetchhg",),
    }
)
HASH_ATTRIBUTES = ("hash", "sha256", "outputHash", "sha512", "sha1", "md5", "narHash")
INTERPOLATED = "${…}"
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
    for tree in nix_files(facts):
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
    files = {str(tree.path) for tree in nix_files(facts)}
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
def _written(tree: NixFile) -> tuple[Fetch, ...]:
    applied = (node for node in tree.tree.walk() if isinstance(node, Apply))
    return tuple(fetch for node in applied if (fetch := fetch_of(tree, node)))


def fetch_of(tree: NixFile, node: Apply) -> Fetch | None:
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


def _call(tree: NixFile, name: str, builtin: bool, argument: Attributes) -> Fetch:
    attrs: dict[str, str] = {}
    for entry in argument.entries:
        if isinstance(entry, Inherit):
            attrs |= {key: tree.text(Name(entry.line, key)) or INTERPOLATED for key in entry.names}
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


def _value(tree: NixFile, node: Node) -> str:
    name = dotted(node) or ""
    if name.rsplit(".", 1)[-1] in ("fakeHash", "fakeSha256", "fakeSha512"):
        return name
    if isinstance(node, Text | Name | Operation):
        text = tree.text(node)
        return INTERPOLATED if text is None else text
    return INTERPOLATED


_BRANCHES = re.compile(
    r"(?:master|main|HEAD|head|develop|development|dev|devel|trunk|latest|nightly|stable|unstable|staging|next|edge"
    r"|default|mainline|(?:nixos|nixpkgs)-(?:unstable|\d\d\.\d\d).*|release-\d\d\.\d\d|.*\d\.[xy])"
)
_VENDORS = {
    ("orangepi-xunlong", "linux-orangepi"): r"orange-pi-\d.*",
    ("armbian", "linux-rockchip"): r"rk-\d+\.\d+-rkr.*",
    ("rockchip-linux", "kernel"): r"(?:develop|stable|release)-\d.*",
    ("radxa", "kernel"): r"linux-\d+\.\d+-(?:stan|gen)-rkr.*",
    ("friendlyarm", "kernel-rockchip"): r"nanopi\w*-v\d.*",
}
"""How the vendors' kernel repositories call their branches."""
_HASH = re.compile(r"[0-9a-f]{7,40}|[0-9a-f]{64}")
_TAG = re.compile(
    r"v?\d+(?:\.\d+)+(?:[-_+.~]?[A-Za-z0-9]+)*"  # 2.3.2, v6.1-rc3
    r"|(?:[A-Za-z][\w+-]*[-_/@.])?v?\d+[._]\d+[._]\d+(?:[-_+.~]?[A-Za-z0-9]+)*"  # release-1.2.3, name/1.2.3
    r"|[A-Za-z]?\d+|\d{4}[-.]\d\d[-.]\d\d.*"  # b4210, 2024-05-13
)
_HOSTS = (
    r"https?://raw\.githubusercontent\.com/[^/]+/[^/]+/([^/]+)/",
    r"https?://(?:www\.)?(?:github|gitee)\.com/[^/]+/[^/]+/(?:raw|blob|tree)/([^/]+)/",
    r"/-/(?:raw|archive|blob)/([^/]+)/",
    r"huggingface\.co/.+?/(?:resolve|raw)/([^/]+)/",
    r"bitbucket\.org/[^/]+/[^/]+/(?:raw/([^/]+)/|get/(.+?)\.(?:tar|zip))",
    r"/(?:archive|tarball|zipball)/(?:refs/heads/)?([^/?]+?)(?:\.tar\.\w+|\.zip|\.tgz)?(?:\?.*)?$",
    r"codeload\.github\.com/[^/]+/[^/]+/(?:legacy\.)?(?:tar\.gz|zip)/([^/?]+)$",
    r"/(?:plain|snapshot|tree|patch)/[^?]*\?(?:.*[&;])?h=([^&;]+)",
    r"/repository/archive[^?]*\?(?:.*[&;])?(?:sha|ref)=([^&;]+)",
)


class Stability(Enum):
    """Whether something stays what it is."""

    FIXED = "fixed"
    MOVING = "moving"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Revision:
    """What a download follows, by name, and whether that moves."""

    kind: Stability
    name: str


def stability(text: str, repository: tuple[str, str] | None = None) -> Stability:
    """Whether a revision is a hash or a tag, a branch, or neither for certain."""
    if text.startswith("refs/tags/") or _HASH.fullmatch(text):
        return Stability.FIXED
    if text.startswith(("refs/heads/", "refs/pull/", "refs/merge-requests/")) or _BRANCHES.fullmatch(text):
        return Stability.MOVING
    if repository in _VENDORS and re.fullmatch(_VENDORS[repository], text):
        return Stability.MOVING
    # What is computed is a version as a rule; of the rest only the shape can be seen.
    return Stability.FIXED if INTERPOLATED in text or _TAG.fullmatch(text) else Stability.UNKNOWN


def revision_in_address(url: str) -> Revision | None:
    """What a download address follows; None where it names nothing that could move."""
    if re.search(r"/releases/latest(?:/|$)|/latest/download(?:/|$)", url):
        return Revision(Stability.MOVING, "the latest release")
    if re.search(r"/(?:pull|merge_requests)/\d+(?:\.patch|\.diff|/head)", url):
        return Revision(Stability.MOVING, "a pull request")
    found = re.search(r"refs/heads/([^/?]+?)(?:\.tar\.\w+|\.zip|/|$)", url) or re.search(r"/raw/branch/([^/]+)/", url)
    if found:
        return Revision(Stability.MOVING, f"the branch {found[1]}")
    if re.search(r"refs/tags/|/raw/(?:commit|tag)/|[?&;]id=[0-9a-f]{7,}", url):
        return Revision(Stability.FIXED, url)
    name = next((next(filter(None, found.groups())) for one in _HOSTS if (found := re.search(one, url))), None)
    if name is None:
        return None
    kind = stability(name)
    return Revision(kind, f"the branch {name}" if kind is Stability.MOVING else name)


def revision_of(fetch: Fetch) -> Revision:
    """What a download follows, by its revision or else by its addresses."""
    if fetch.attrs.get("tag"):
        return Revision(Stability.FIXED, fetch.attrs["tag"])
    given = fetch.attrs.get("rev")
    if given:
        kind = stability(given, fetch.repository)
        return Revision(kind, f"the branch {given}" if kind is Stability.MOVING else given)
    if fetch.fetcher in ("fetchgit", "fetchGit") and fetch.hash is not None:
        return Revision(Stability.MOVING, fetch.attrs.get("ref") or fetch.attrs.get("branchName") or "HEAD")
    found = [one for one in map(revision_in_address, fetch.urls) if one]
    order = (Stability.MOVING, Stability.UNKNOWN, Stability.FIXED)
    return min(found, key=lambda one: order.index(one.kind), default=Revision(Stability.FIXED, fetch.file_name))


_BYTES = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64, "blake3": 32}
_NIX32 = "0123456789abcdfghijklmnpqrsvwxyz"


@dataclass(frozen=True)
class Hash:
    """An algorithm and a digest in base 16."""

    algorithm: str
    digest: str


class HashError(ValueError):
    """The text is no hash; the message says why."""


def parse_hash(text: str, algorithm: str | None = None) -> Hash:
    """Read a hash. `algorithm` is what the attribute's name says (`sha256 = …`), None for `hash`."""
    found = re.match(r"(md5|sha1|sha256|sha512|blake3)([-:])", text)
    payload = text[found.end() :] if found else text
    named = found[1] if found else None
    if named and algorithm and named != algorithm:
        raise HashError(f"it is a {named} hash under an attribute for {algorithm}")
    kind = named or algorithm
    if kind is None:
        raise HashError("it does not say which algorithm made it (expected sha256-…)")
    return Hash(kind, _digest(payload, kind, sri=bool(found and found[2] == "-")))


def _digest(payload: str, algorithm: str, *, sri: bool) -> str:
    size = _BYTES[algorithm]
    base64_length = (size + 2) // 3 * 4
    lengths = {size * 2: "base 16", (size * 8 + 4) // 5: "base 32", base64_length: "base 64"}
    if not payload:
        raise HashError("it is empty")
    if sri and len(payload) != base64_length:
        raise HashError(f"after {algorithm}- come {base64_length} characters of base 64, not {len(payload)} characters")
    if len(payload) not in lengths:
        wanted = ", ".join(f"{length} ({base})" for length, base in lengths.items())
        raise HashError(f"{algorithm} has {wanted} characters, not {len(payload)}")
    try:
        if sri or len(payload) == base64_length:
            return base64.b64decode(payload, validate=True).hex()
        return bytes.fromhex(payload).hex() if len(payload) == size * 2 else _from_nix32(payload, size)
    except (ValueError, binascii.Error) as error:
        raise HashError(f"it is not {'base 64' if sri else lengths[len(payload)]}: {error}") from error


def _from_nix32(payload: str, size: int) -> str:
    number = 0
    for letter in payload:
        if letter not in _NIX32:
            raise ValueError(f"{letter!r} is not a letter of Nix's base 32")
        number = number * 32 + _NIX32.index(letter)
    try:
        return number.to_bytes(size, "little").hex()
    except OverflowError as error:
        raise ValueError("the number is too large") from error


def is_placeholder(text: str) -> bool:
    """Whether this is something people write until they know the hash: all zeros, one short pattern repeated."""
    payload = re.sub(r"^(md5|sha1|sha256|sha512|blake3)[-:]", "", text).rstrip("=")
    if not payload:
        return True
    return len(payload) >= 16 and any(
        payload == (payload[:period] * len(payload))[: len(payload)]
        for period in range(1, min(16, len(payload) // 2) + 1)
    )
