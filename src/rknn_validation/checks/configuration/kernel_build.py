"""Will the kernel and its modules build? Evaluation alone sees none of this fail."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.kernel import OFF as _OFF
from rknn_validation.checks.configuration.kernel import has_vendor_driver, is_stock_kernel
from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.difference import baseline
from rknn_validation.facts.model import Facts
from rknn_validation.npu import kernels, symbols


@CONFIGURATION_CHECKS.check(
    "kernel.config-symbols-exist",
    stage="kernel",
    title="every Kconfig symbol exists in that kernel",
    remedy="ROCKCHIP_RKNPU exists only in Rockchip's own trees: use such a kernel or the out-of-tree module. "
    "Mainline's symbols are DRM_ACCEL (y) and DRM_ACCEL_ROCKET (m), without the CONFIG_ prefix.",
)
def symbols_exist(facts: Facts) -> Answer:
    """An unknown symbol is `error: unused option` when the kernel is built, and silently nothing on old nixpkgs."""
    kernel, before = facts.configuration.kernel, baseline(facts).kernel
    ours = [patch for patch in kernel.patches if patch not in before.patches]
    asked = {symbol: value for patch in ours for symbol, value in patch.config.items()}
    if kernel.package != before.package:
        asked = {**{name: value for name, value in kernel.config.items() if symbols.FAMILY.search(name)}, **asked}
    patched = any(patch.has_patch for patch in ours)
    wrong = [Evidence(name, why) for name, value in asked.items() for why in _wrong(facts, name, value, patched)]
    if asked.get("DRM_ACCEL") in _OFF and asked.get("DRM_ACCEL_ROCKET", "n") not in _OFF:
        wrong.append(Evidence("DRM_ACCEL", "switched off, and DRM_ACCEL_ROCKET with it, which depends on it"))
    if wrong:
        return failed("the kernel will not build with this configuration, or will ignore it", *wrong)
    if not asked:
        return skipped("the subject sets no Kconfig symbol")
    return passed(f"{len(asked)} symbols, none unknown to {kernel.pname} {kernel.version}")


def _wrong(facts: Facts, symbol: str, value: str, patched: bool) -> Iterator[str]:
    kernel = facts.configuration.kernel
    if symbol.startswith("CONFIG_"):
        yield "symbols are given without CONFIG_; with it this is CONFIG_CONFIG_…, which no kernel has"
        return
    if symbols.is_boolean(symbol) and value == "m":
        yield f"{symbol} is y or n; it cannot be a module"
    # What a patch brings along, and what a tree other than mainline has, is not known from here.
    if not patched and is_stock_kernel(facts) and value not in _OFF:
        why = symbols.missing(symbol, kernel.version)
        if why:
            yield f"{why} (this is {kernel.pname} {kernel.version})"


@CONFIGURATION_CHECKS.check(
    "kernel.extra-modules-are-built-for-this-kernel",
    stage="kernel",
    title="out-of-tree modules are built for the kernel that boots",
    remedy="Take the module from config.boot.kernelPackages: config.boot.kernelPackages.callPackage ./driver.nix { }.",
)
def modules_for_this_kernel(facts: Facts) -> Answer:
    """A module built for another kernel is refused: `version magic … should be …`."""
    kernel, before = facts.configuration.kernel, baseline(facts).kernel
    known = {package.out_path for package in before.extra_packages}
    ours = [package for package in kernel.extra_packages if package.out_path not in known]
    wrong = []
    for package in ours:
        stated = [str(value) for value in (*package.attrs.values(), *package.phases.values()) if isinstance(value, str)]
        texts = [package.version or "", *stated, *(path for paths in package.inputs.values() for path in paths)]
        other = {version for text in texts for version in _kernel_versions(text)} - {kernel.version}
        if other and not any(kernel.version in text for text in texts):
            wrong.append(Evidence(package.name, f"built for {', '.join(sorted(other))}; booted is {kernel.version}"))
    if wrong:
        return failed("the module will not load into the kernel that boots", *wrong)
    if not ours:
        return skipped("the subject adds no out-of-tree module")
    return passed(f"{len(ours)} packages of modules for {kernel.version}")


def _kernel_versions(text: str) -> set[str]:
    return set(re.findall(r"(?:/linux-|lib/modules/|-)(\d+\.\d+(?:\.\d+)?(?:-rc\d+)?)(?=[-/\s]|$)", text))


@CONFIGURATION_CHECKS.check(
    "kernel.initrd-modules-exist",
    stage="kernel",
    title="what is asked for in the initrd is in the kernel",
    remedy="Remove the NPU's driver from boot.initrd: nothing needs it before the root file system.",
)
def initrd_modules_exist(facts: Facts) -> Answer:
    """A module the kernel lacks makes the initrd's build fail: `Module … not found`."""
    kernel, before = facts.configuration.kernel, baseline(facts).kernel
    named = [
        (option, name)
        for option, after, known in (
            ("boot.initrd.availableKernelModules", kernel.initrd_available_modules, before.initrd_available_modules),
            ("boot.initrd.kernelModules", kernel.initrd_modules, before.initrd_modules),
        )
        for name in after
        if name not in known and kernels.names_an_npu_module(name)
    ]
    if not named:
        return skipped("the subject adds no NPU module to the initrd")
    missing = [Evidence(option, name) for option, name in named if _surely_missing(facts, name)]
    if missing:
        return failed("the initrd cannot be built: the kernel has no such module", *missing)
    return passed(f"{len(named)} modules the kernel has or may have")


def _surely_missing(facts: Facts, name: str) -> bool:
    if name == kernels.VENDOR_MODULE:
        return is_stock_kernel(facts) and not has_vendor_driver(facts)
    if name == kernels.MAINLINE_MODULE:
        return not kernels.at_least(facts.configuration.kernel.version, "6.18")
    return is_stock_kernel(facts)


_MODPROBE = re.compile(
    r"^(alias \S+ \S+|blacklist \S+|install \S+ .+|remove \S+ .+|options \S+( .+)?|softdep \S+ .+"
    r"|include .+|config .+|weakdep \S+ .+)$"
)


@CONFIGURATION_CHECKS.check(
    "kernel.modprobe-configuration-is-readable",
    stage="kernel",
    title="modprobe understands every line",
    remedy="Use the commands of modprobe.d(5): options, blacklist, install, softdep, alias, each with its arguments.",
)
def modprobe_config(facts: Facts) -> Answer:
    """modprobe skips a line it cannot read, and so does the driver's option."""
    before = baseline(facts).kernel.modprobe_config.splitlines()
    text = facts.configuration.kernel.modprobe_config.replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line not in before and line.strip()]
    ours = [" ".join(line.split()) for line in lines if not line.startswith("#")]
    wrong = [line for line in ours if not _MODPROBE.match(line)]
    misspelled = [
        line
        for line in ours
        if (words := line.split())[0] in {"options", "blacklist", "softdep"}
        and kernels.names_an_npu_module(words[1] if len(words) > 1 else "")
        and words[1] not in kernels.MODULES
    ]
    if wrong or misspelled:
        shown = (Evidence("boot.extraModprobeConfig", line) for line in (*wrong, *misspelled))
        return failed("these lines have no effect: no such command, or no such module", *shown)
    return passed(f"{len(ours)} lines") if ours else skipped("the subject adds no modprobe configuration")
