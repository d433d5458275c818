"""Whether a revision, or what an address leads to, stays the same: a hash and a tag do, a branch does not.

Anything else is not known: nobody but the repository can tell a tag's name from a branch's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from rknn_validation.facts.recipes.fetches import UNKNOWN, Fetch

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


class Kind(Enum):
    """Whether something stays what it is."""

    FIXED = "fixed"
    MOVING = "moving"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Followed:
    """What a download follows, by name, and whether that moves."""

    kind: Kind
    name: str


def revision(text: str, repository: tuple[str, str] | None = None) -> Kind:
    """Whether a revision is a hash or a tag, a branch, or neither for certain."""
    if text.startswith("refs/tags/") or _HASH.fullmatch(text):
        return Kind.FIXED
    if text.startswith(("refs/heads/", "refs/pull/", "refs/merge-requests/")) or _BRANCHES.fullmatch(text):
        return Kind.MOVING
    if repository in _VENDORS and re.fullmatch(_VENDORS[repository], text):
        return Kind.MOVING
    # What is computed is a version as a rule; of the rest only the shape can be seen.
    return Kind.FIXED if UNKNOWN in text or _TAG.fullmatch(text) else Kind.UNKNOWN


def address(url: str) -> Followed | None:
    """What a download address follows; None where it names nothing that could move."""
    if re.search(r"/releases/latest(?:/|$)|/latest/download(?:/|$)", url):
        return Followed(Kind.MOVING, "the latest release")
    if re.search(r"/(?:pull|merge_requests)/\d+(?:\.patch|\.diff|/head)", url):
        return Followed(Kind.MOVING, "a pull request")
    found = re.search(r"refs/heads/([^/?]+?)(?:\.tar\.\w+|\.zip|/|$)", url) or re.search(r"/raw/branch/([^/]+)/", url)
    if found:
        return Followed(Kind.MOVING, f"the branch {found[1]}")
    if re.search(r"refs/tags/|/raw/(?:commit|tag)/|[?&;]id=[0-9a-f]{7,}", url):
        return Followed(Kind.FIXED, url)
    name = next((next(filter(None, found.groups())) for one in _HOSTS if (found := re.search(one, url))), None)
    if name is None:
        return None
    kind = revision(name)
    return Followed(kind, f"the branch {name}" if kind is Kind.MOVING else name)


def followed(fetch: Fetch) -> Followed:
    """What a download follows, by its revision or else by its addresses."""
    if fetch.attrs.get("tag"):
        return Followed(Kind.FIXED, fetch.attrs["tag"])
    given = fetch.attrs.get("rev")
    if given:
        kind = revision(given, fetch.repository)
        return Followed(kind, f"the branch {given}" if kind is Kind.MOVING else given)
    if fetch.fetcher in ("fetchgit", "fetchGit") and fetch.hash is not None:
        return Followed(Kind.MOVING, fetch.attrs.get("ref") or fetch.attrs.get("branchName") or "HEAD")
    found = [one for one in map(address, fetch.urls) if one]
    order = (Kind.MOVING, Kind.UNKNOWN, Kind.FIXED)
    return min(found, key=lambda one: order.index(one.kind), default=Followed(Kind.FIXED, fetch.file_name))
