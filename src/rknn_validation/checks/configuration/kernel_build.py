"""Will the kernel and its modules build? Evaluation alone sees none of this fail."""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem
from rknn_validation.facts.kernel.drivers import OFF, driver
from rknn_validation.facts.kernel.loading import in_initrd, modprobe_lines
from rknn_validation.facts.kernel.modules import own_packages, versions_named
from rknn_validation.facts.kernel.source import tree
from rknn_validation.facts.model import Facts
from rknn_validation.npu import kernels, symbols
from rknn_validation.npu.symbols import Presence


@check(
    "kernel.config-symbols-exist",
    stage="kernel",
    title="every Kconfig symbol exists in that kernel",
    remedy="ROCKCHIP_RKNPU exists only in Rockchip's own trees: use such a kernel or the out-of-tree module. "
    "Mainline's symbols are DRM_ACCEL (y) and DRM_ACCEL_ROCKET (m), without the CONFIG_ prefix.",
    good="no symbol is unknown to the kernel",
    nothing="the subject sets no Kconfig symbol",
)
def symbols_exist(facts: Facts) -> Iterator[Finding]:
    """An unknown symbol is `error: unused option` when the kernel is built, and silently nothing on old nixpkgs."""
    kernel, before = facts.configuration.kernel, facts.without.kernel
    ours = [patch for patch in kernel.patches if patch not in before.patches]
    asked = {symbol: value for patch in ours for symbol, value in patch.config.items()}
    if kernel.package != before.package:
        asked = {**{name: value for name, value in kernel.config.items() if symbols.FAMILY.search(name)}, **asked}
    patched = any(patch.has_patch for patch in ours)
    for name, value in asked.items():
        wrong = list(_wrong(facts, name, value, patched))
        yield from (Problem("boot.kernelPackages", what, f"{name} = {value}") for what in wrong)
        if not wrong:
            yield Fine(name, value)
    if asked.get("DRM_ACCEL") in OFF and asked.get("DRM_ACCEL_ROCKET", "n") not in OFF:
        yield Problem("DRM_ACCEL", "switched off, and DRM_ACCEL_ROCKET with it, which depends on it")


def _wrong(facts: Facts, symbol: str, value: str, patched: bool) -> Iterator[str]:
    if symbol.startswith("CONFIG_"):
        yield "symbols are given without CONFIG_; with it this is CONFIG_CONFIG_…, which no kernel has"
        return
    if symbols.is_boolean(symbol) and value == "m":
        yield f"{symbol} is y or n; it cannot be a module"
    # What a patch brings along, and what a tree other than mainline has, is not known from here.
    source = tree(facts)
    if not patched and source.is_mainline and value not in OFF:
        why = symbols.missing(symbol, facts.configuration.kernel.version)
        if why:
            yield f"{why} (this is {source.label})"


@check(
    "kernel.extra-modules-are-built-for-this-kernel",
    stage="kernel",
    title="out-of-tree modules are built for the kernel that boots",
    remedy="Take the module from config.boot.kernelPackages: config.boot.kernelPackages.callPackage ./driver.nix { }.",
    good="they are built for the kernel that boots",
    nothing="the subject adds no out-of-tree module",
)
def modules_for_this_kernel(facts: Facts) -> Iterator[Finding]:
    """A module built for another kernel is refused: `version magic … should be …`."""
    booted = facts.configuration.kernel.version
    for package in own_packages(facts):
        named = versions_named(package)
        if named and booted not in named:
            told = f"built for {', '.join(sorted(named))}; booted is {booted}"
            yield Problem(package.name, "the module will not load into the kernel that boots", told)
        else:
            yield Fine(package.name, booted)


@check(
    "kernel.initrd-modules-exist",
    stage="kernel",
    title="what is asked for in the initrd is in the kernel",
    remedy="Remove the NPU's driver from boot.initrd: nothing needs it before the root file system.",
    good="the kernel has what the initrd is to hold, or may have it",
    nothing="the subject adds no NPU module to the initrd",
)
def initrd_modules_exist(facts: Facts) -> Iterator[Finding]:
    """A module the kernel lacks makes the initrd's build fail: `Module … not found`."""
    for one in in_initrd(facts):
        if kernels.names_an_npu_module(one.module):
            if _surely_missing(facts, one.module):
                yield Problem(one.where, "the initrd cannot be built: the kernel has no such module", one.module)
            else:
                yield Fine(one.where, one.module)


def _surely_missing(facts: Facts, name: str) -> bool:
    stacks = {kernels.VENDOR_MODULE: "vendor", kernels.MAINLINE_MODULE: "mainline"}
    if name in stacks:
        return driver(facts, stacks[name]).has is Presence.NO
    return tree(facts).is_mainline


@check(
    "kernel.modprobe-configuration-is-readable",
    stage="kernel",
    title="modprobe understands every line",
    remedy="Use the commands of modprobe.d(5): options, blacklist, install, softdep, alias, each with its arguments.",
    good="modprobe understands every line",
    nothing="the subject adds no modprobe configuration about the NPU",
)
def modprobe_config(facts: Facts) -> Iterator[Finding]:
    """modprobe skips a line it cannot read, and so does the driver's option."""
    for line in modprobe_lines(facts):
        if not line.is_understood:
            if facts.subject.module is not None or kernels.names_an_npu_module(line.text):
                yield Problem(
                    "boot.extraModprobeConfig", "modprobe has no such command: the line does nothing", line.text
                )
        elif kernels.names_an_npu_module(line.module) and line.module not in kernels.MODULES:
            yield Problem("boot.extraModprobeConfig", "no kernel has a module of that name", line.text)
        else:
            yield Fine("boot.extraModprobeConfig", line.text)
