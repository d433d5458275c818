"""Where the kernel's source comes from (kernel.org, nixpkgs, Rockchip), and the .config file it may be built with."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rknn_validation.facts.model import Facts, derived
from rknn_validation.npu import kernels

_SET = re.compile(r"^CONFIG_(\w+)=([ym])\s*$", re.MULTILINE)
_SUFFIX = re.compile(r'^CONFIG_LOCALVERSION="(.*)"$', re.MULTILINE)


@dataclass(frozen=True)
class ConfigFile:
    """What a .config says: `symbols` are those it sets to y or m, `suffix` is CONFIG_LOCALVERSION.

    A fragment, which the kernel's defaults or something else complete, is not `is_whole`: what it does not mention may
    be on.
    """

    name: str
    symbols: Mapping[str, str]
    suffix: str
    is_whole: bool


def parse_config(name: str, text: str) -> ConfigFile:
    """A .config's text, read."""
    suffix = _SUFFIX.search(text)
    return ConfigFile(name, dict(_SET.findall(text)), suffix[1] if suffix else "", "CONFIG_ARM64=y" in text)


@derived
def configfile(facts: Facts) -> ConfigFile | None:
    """The .config of the kernel that boots; None where nixpkgs makes it, or where only a build can tell."""
    making = facts.configuration.kernel.making
    if making is None or making.is_generated or making.file is None:
        return None
    text = making.text if making.text is not None else read_text(making.file)
    return parse_config(Path(making.file).name, text) if text else None


def read_text(file: str) -> str | None:
    """The text of a file that is there already; None for what a build makes."""
    path = Path(file)
    return path.read_text(errors="replace") if path.is_absolute() and path.is_file() else None


_KERNEL_ORG = re.compile(r"mirror://kernel|\bkernel\.org/|github\.com[/:](?:torvalds|gregkh)/")


class Origin(StrEnum):
    """Whose tree a kernel is built from."""

    RELEASE = "a release of kernel.org"
    NIXPKGS = "one of nixpkgs' kernels"
    VENDOR = "Rockchip's own tree"
    UNKNOWN = "a tree that is not known here"


@dataclass(frozen=True)
class KernelSource:
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
def kernel_source(facts: Facts) -> KernelSource:
    """Whose tree the kernel is built from, by the evaluated source; by its names only where there is none."""
    kernel = facts.configuration.kernel
    label = f"{kernel.pname or 'linux'} {kernel.version}"
    fetched = " ".join(_addresses(facts))
    # Addresses are better evidence than the package's name.
    told = (fetched,) if fetched else (kernel.pname, kernel.version, kernel.package.name if kernel.package else None)
    if kernels.looks_like_vendor_kernel(*told, kernel.version) and kernels.is_vendor_series(kernel.version):
        return KernelSource(Origin.VENDOR, label)
    if _KERNEL_ORG.search(fetched):
        return KernelSource(Origin.RELEASE, label)
    if kernel.package and kernel.package.origin == "nixpkgs" and not kernels.looks_like_vendor_kernel(*told):
        return KernelSource(Origin.NIXPKGS, label)
    return KernelSource(Origin.UNKNOWN, label)


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
