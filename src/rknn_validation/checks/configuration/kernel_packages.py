"""Kernels and kernel modules that the subject's overlays and packages build."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem
from rknn_validation.facts.kernel.written import (
    kernel_configs,
    misplaced_module,
    module_recipes,
    requested_symbols,
    why_no_kernel,
)
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.recipes import Recipe
from rknn_validation.npu import symbols

NO_MODULE = "the subject builds no kernel module"


def _each(facts: Facts, wrong: Callable[[Recipe], Iterator[str]]) -> Iterator[Finding]:
    for one in module_recipes(facts):
        yield from (Problem(one.where, what) for what in wrong(one))
        yield Fine(one.where)


@check(
    "kernel.modules-in-lib-modules",
    "Kernel modules are installed below lib/modules",
    remedy="Install the module with install -Dm644 rknpu.ko $out/lib/modules/${kernel.modDirVersion}/extra/rknpu.ko.",
    nothing=NO_MODULE,
    stacks=("vendor",),
)
def installs_where_modprobe_looks(facts: Facts) -> Iterator[Finding]:
    """NixOS merges lib/modules of kernel and packages; modprobe does not find modules elsewhere."""
    yield from _each(facts, misplaced_module)


@check(
    "kernel.modules-use-given-kernel",
    "Kernel modules are built against the kernel they are given",
    remedy="Set makeFlags to kernel.makeFlags and KDIR=${kernel.dev}/lib/modules/${kernel.modDirVersion}/build.",
    nothing=NO_MODULE,
    stacks=("vendor",),
)
def knows_its_kernel(facts: Facts) -> Iterator[Finding]:
    """By default a Makefile uses the kernel of the building machine (uname), whose headers the sandbox lacks."""
    yield from _each(facts, why_no_kernel)


@check(
    "kernel.package-config-valid",
    "Kernel configuration is written as nixpkgs reads it",
    remedy="Write `SYMBOL y` in extraConfig (no CONFIG_, no =), or SYMBOL = lib.kernel.yes; in structuredExtraConfig.",
    nothing="the subject's files configure no kernel",
)
def config_is_understood(facts: Facts) -> Iterator[Finding]:
    """nixpkgs fails on, or silently ignores, configuration that it cannot read."""
    for one in kernel_configs(facts):
        yield from (Problem(one.where, what, shown) for what, shown in one.misread)
        yield Fine(one.where)


@check(
    "kernel.package-symbols-exist",
    "Kernels built by overlays and packages have the symbols they are given",
    remedy="Set ROCKCHIP_RKNPU and related symbols only on a kernel built from Rockchip's source; on mainline, use "
    "the out-of-tree rknpu module, or DRM_ACCEL and DRM_ACCEL_ROCKET from 6.18 on.",
    nothing="the subject's files configure no kernel",
)
def symbols_exist(facts: Facts) -> Iterator[Finding]:
    """An unknown symbol is an error (`unused option`) or ignored; in both cases the driver is missing."""
    for one in requested_symbols(facts):
        why = symbols.missing(one.symbol, one.version)
        yield Problem(one.where, why, one.symbol) if why else Fine(one.where, one.symbol)
