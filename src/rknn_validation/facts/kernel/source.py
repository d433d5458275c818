"""Where the source of the kernel that boots is from: a release of kernel.org, Rockchip's own tree, or another."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum

from rknn_validation.facts.model import Facts, derived
from rknn_validation.npu import kernels

_KERNEL_ORG = re.compile(r"mirror://kernel|\bkernel\.org/|github\.com[/:](?:torvalds|gregkh)/")


class Origin(StrEnum):
    """Whose tree a kernel is built from."""

    RELEASE = "a release of kernel.org"
    NIXPKGS = "one of nixpkgs' kernels"
    VENDOR = "Rockchip's own tree"
    UNKNOWN = "a tree that is not known here"


@dataclass(frozen=True)
class Tree:
    """A kernel's source: `origin`, and the `label` by which people know the kernel."""

    origin: Origin
    label: str

    @property
    def is_mainline(self) -> bool:
        """Whether it has what mainline's releases have and, patches aside, no more."""
        return self.origin in (Origin.RELEASE, Origin.NIXPKGS)

    def __str__(self) -> str:
        return f"{self.label}, {self.origin}"


@derived
def tree(facts: Facts) -> Tree:
    """Whose tree the kernel is built from, by the evaluated source; by its names only where there is none."""
    kernel = facts.configuration.kernel
    label = f"{kernel.pname or 'linux'} {kernel.version}"
    fetched = " ".join(_addresses(facts))
    # Where there are addresses they count, and not what somebody calls the package.
    told = (fetched,) if fetched else (kernel.pname, kernel.version, kernel.package.name if kernel.package else None)
    if kernels.looks_like_vendor_kernel(*told, kernel.version) and kernels.is_vendor_series(kernel.version):
        return Tree(Origin.VENDOR, label)
    if _KERNEL_ORG.search(fetched):
        return Tree(Origin.RELEASE, label)
    if kernel.package and kernel.package.origin == "nixpkgs" and not kernels.looks_like_vendor_kernel(*told):
        return Tree(Origin.NIXPKGS, label)
    return Tree(Origin.UNKNOWN, label)


def _addresses(facts: Facts) -> tuple[str, ...]:
    package = facts.configuration.kernel.package
    source = package.source if package else None
    if source is None:
        return ()
    named = "/".join(str(source.attrs[key]) for key in ("owner", "repo") if source.attrs.get(key))
    revision = source.attrs.get("rev")
    locked = _inputs(facts).get(str(revision), "") if revision and not source.urls else ""
    return tuple(filter(None, (*source.urls, named, locked)))


@derived
def _inputs(facts: Facts) -> dict[str, str]:
    """Revision -> repository of a flake's inputs: one that is a kernel's source says no more than its revision."""
    file = facts.subject.root / "flake.lock"
    if not file.is_file():
        return {}
    try:
        nodes = json.loads(file.read_text()).get("nodes", {})
    except ValueError:
        return {}
    locked = [node.get("locked", {}) for node in nodes.values()]
    return {
        one["rev"]: one.get("url") or f"{one.get('type')}.com/{one.get('owner')}/{one.get('repo')}"
        for one in locked
        if "rev" in one
    }
