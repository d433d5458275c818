"""Kernel: what a configuration says of `boot.*`, and how its kernel is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rknn_validation.facts.nix.package import Package


@dataclass(frozen=True)
class KernelPatch:
    """An entry of `boot.kernelPatches`: `config` maps symbols (without CONFIG_) to "y"/"m"/"n"/text.

    `source` is the patch's path, or the addresses it is fetched from.
    """

    name: str
    has_patch: bool
    config: Mapping[str, str]
    source: str = ""


@dataclass(frozen=True)
class KernelMaking:
    """How a kernel is made. `release` is its modDirVersion, `patches` are all it is built with.

    With `is_generated` nixpkgs' generator makes the .config: `settings` are its values of the symbols around the NPU,
    `base` the defconfig it starts from, `auto_modules` whether it makes a module of everything nobody mentions.
    Otherwise `file` is the path of a whole .config (or the derivation that makes it), `text` what it says where that
    is known.
    """

    release: str
    is_generated: bool
    file: str | None
    text: str | None
    settings: Mapping[str, str]
    auto_modules: bool
    base: str
    patches: tuple[KernelPatch, ...]


@dataclass(frozen=True)
class Kernel:
    """The kernel side of a configuration (`boot.*`). `version` is that of `boot.kernelPackages.kernel`."""

    version: str
    pname: str
    package: Package | None
    config: Mapping[str, str]
    modules: tuple[str, ...]
    initrd_modules: tuple[str, ...]
    initrd_available_modules: tuple[str, ...]
    blacklisted: tuple[str, ...]
    extra_packages: tuple[Package, ...]
    modprobe_config: str
    params: tuple[str, ...]
    patches: tuple[KernelPatch, ...]
    making: KernelMaking | None = None
