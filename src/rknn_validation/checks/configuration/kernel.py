"""Does the kernel have the stack's driver, does the configuration load it, and will kernel and modules build?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem, Unsure
from rknn_validation.facts.devnodes import DMA_HEAP, DRM_GEM, flavours_with_rules
from rknn_validation.facts.kernel.drivers import (
    OFF,
    Driver,
    brings_module,
    driver,
    flavours,
    mainline_driver,
    vendor_driver,
)
from rknn_validation.facts.kernel.modules import (
    ModuleMention,
    blocked_modules,
    forced_modules,
    initrd_modules,
    kernel_versions_named,
    modprobe_lines,
    modprobed_modules,
    own_module_packages,
)
from rknn_validation.facts.kernel.source import configfile, kernel_source
from rknn_validation.facts.model import Facts
from rknn_validation.npu import kernels, symbols
from rknn_validation.npu.kernels import VENDOR_MODULE
from rknn_validation.npu.stacks import STACKS
from rknn_validation.npu.symbols import Presence

KERNEL = "boot.kernelPackages.kernel"


def _named(facts: Facts) -> Iterator[ModuleMention]:
    kernel, before = facts.configuration.kernel, facts.without.kernel
    yield from dict.fromkeys((*forced_modules(facts), *initrd_modules(facts), *modprobed_modules(facts)))
    for name in kernel.blacklisted:
        if name not in before.blacklisted:
            yield ModuleMention("boot.blacklistedKernelModules", name)


@check(
    "kernel.module-names-correct",
    "Kernel modules are spelled correctly",
    remedy="Use the module's name: rknpu for the vendor's driver, rocket for the mainline driver.",
    nothing="the subject names no module of the NPU",
)
def modules_spelled_right(facts: Facts) -> Iterator[Finding]:
    """An unknown module name makes systemd-modules-load fail at every boot."""
    brought = {package.pname for package in facts.configuration.kernel.extra_packages}
    for one in _named(facts):
        if not kernels.names_an_npu_module(one.module):
            continue
        if one.module in kernels.MODULES or one.module in brought:
            yield Fine(one.where, one.module)
        else:
            yield Problem(one.where, "no kernel has a module of that name: loading it fails at boot", one.module)


@check(
    "kernel.only-stack-driver-loaded",
    "Only the driver of the scenario's stack is loaded",
    remedy="Load rknpu for the vendor stack or rocket for the mainline stack, never both.",
    nothing="no driver is forced: udev loads it by the device tree's modalias",
)
def loads_the_right_driver(facts: Facts) -> Iterator[Finding]:
    """Both drivers use the same registers: the first one binds, and the other stack's userspace fails."""
    stack = STACKS[facts.scenario.stack]
    for one in (*forced_modules(facts), *modprobed_modules(facts)):
        if one.module == stack.module:
            yield Fine(one.where, one.module)
        elif one.module in kernels.MODULES:
            what = f"it loads the driver of the other stack; the {stack.name} stack needs {stack.module}"
            yield Problem(one.where, what, one.module)


@check(
    "kernel.vendor-driver-available",
    "The vendor's driver is available",
    remedy="Set boot.kernelPackages to Rockchip's kernel, or add the out-of-tree module to boot.extraModulePackages: "
    "no mainline kernel includes rknpu. If the machine's profile brings the kernel, name it in the scenario's "
    "`config` or among the subject's `imports`.",
    stacks=("vendor",),
)
def vendor_driver_has_a_source(facts: Facts) -> Iterator[Finding]:
    """Without its driver the vendor's stack cannot work."""
    yield from _availability(facts, vendor_driver(facts))


@check(
    "kernel.mainline-driver-available",
    "The kernel includes the rocket driver",
    remedy="Set boot.kernelPackages to a kernel of 6.18 or later (pkgs.linuxPackages_latest), with DRM_ACCEL (y) and "
    "DRM_ACCEL_ROCKET (m) enabled.",
    stacks=("mainline",),
)
def has_the_mainline_driver(facts: Facts) -> Iterator[Finding]:
    """DRM_ACCEL_ROCKET came with 6.18; so did the NPU's nodes in the boards' device trees."""
    yield from _availability(facts, mainline_driver(facts))


def _availability(facts: Facts, driver: Driver) -> Iterator[Finding]:
    kernel = facts.configuration.kernel
    seen = f"{kernel.pname} {kernel.version}"
    if not facts.subject.is_machine:
        yield Aside("packages do not choose the kernel")
    elif driver.has is Presence.YES:
        yield Fine(KERNEL, f"{seen}: {driver.why}")
    elif driver.has is Presence.UNKNOWN:
        yield Unsure(KERNEL, driver.why, seen)
    else:
        extra = ", ".join(one.name for one in kernel.extra_packages) or "(none)"
        yield Problem(KERNEL, driver.why, f"{seen}; boot.extraModulePackages: {extra}")


@check(
    "kernel.driver-not-blacklisted",
    "The stack's driver is not blacklisted",
    remedy="Remove the driver from boot.blacklistedKernelModules, boot.extraModprobeConfig and boot.kernelParams.",
)
def does_not_block_itself(facts: Facts) -> Iterator[Finding]:
    """A blacklisted module is not loaded by modalias; with `install … false` it cannot be loaded at all."""
    module = STACKS[facts.scenario.stack].module
    found = [one for one in blocked_modules(facts) if one.module == module]
    yield from (Problem(one.where, f"{module}, which this stack needs, cannot be loaded") for one in found)
    if not found:
        yield Fine(f"nothing keeps {module} from loading")


@check(
    "kernel.config-symbols-exist",
    "Every Kconfig symbol exists in the kernel",
    remedy="Use a kernel or the out-of-tree module from Rockchip for ROCKCHIP_RKNPU, which exists only in Rockchip's "
    "trees. In mainline, set DRM_ACCEL (y) and DRM_ACCEL_ROCKET (m), without the CONFIG_ prefix.",
    nothing="the subject sets no Kconfig symbol",
)
def symbols_exist(facts: Facts) -> Iterator[Finding]:
    """An unknown symbol fails the kernel's build with `error: unused option`; old nixpkgs ignore it."""
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
        yield Problem("DRM_ACCEL", "it is disabled, and so is DRM_ACCEL_ROCKET, which depends on it")


def _wrong(facts: Facts, symbol: str, value: str, patched: bool) -> Iterator[str]:
    if symbol.startswith("CONFIG_"):
        yield "symbols are written without CONFIG_: this one becomes CONFIG_CONFIG_…, which no kernel has"
        return
    if symbols.is_boolean(symbol) and value == "m":
        yield f"{symbol} is y or n and cannot be a module"
    # The symbols of patches and of trees other than mainline are not known here.
    source = kernel_source(facts)
    if not patched and source.is_mainline and value not in OFF:
        why = symbols.missing(symbol, facts.configuration.kernel.version)
        if why:
            yield f"{why} (this is {source.label})"


@check(
    "kernel.extra-modules-match-kernel",
    "Out-of-tree modules are built for the kernel that boots",
    remedy="Take the module from config.boot.kernelPackages: config.boot.kernelPackages.callPackage ./driver.nix { }.",
    nothing="the subject adds no out-of-tree module",
)
def modules_for_this_kernel(facts: Facts) -> Iterator[Finding]:
    """A module built for another kernel is refused: `version magic … should be …`."""
    booted = facts.configuration.kernel.version
    for package in own_module_packages(facts):
        named = kernel_versions_named(package)
        if named and booted not in named:
            told = f"built for {', '.join(sorted(named))}; the kernel that boots is {booted}"
            yield Problem(package.name, "the module cannot be loaded into the kernel that boots", told)
        else:
            yield Fine(package.name, booted)


@check(
    "kernel.initrd-modules-exist",
    "The kernel has the modules of the initrd",
    remedy="Remove the NPU's driver from boot.initrd: nothing needs it before the root file system is mounted.",
    nothing="the subject adds no NPU module to the initrd",
)
def initrd_modules_exist(facts: Facts) -> Iterator[Finding]:
    """If the kernel lacks the module, the build of the initrd fails: `Module … not found`."""
    for one in initrd_modules(facts):
        if kernels.names_an_npu_module(one.module):
            if _surely_missing(facts, one.module):
                yield Problem(one.where, "the initrd cannot be built: the kernel has no such module", one.module)
            else:
                yield Fine(one.where, one.module)


def _surely_missing(facts: Facts, name: str) -> bool:
    stacks = {kernels.VENDOR_MODULE: "vendor", kernels.MAINLINE_MODULE: "mainline"}
    if name in stacks:
        return driver(facts, stacks[name]).has is Presence.NO
    return kernel_source(facts).is_mainline


@check(
    "kernel.modprobe-config-valid",
    "The modprobe configuration is valid",
    remedy="Use the commands of modprobe.d(5): options, blacklist, install, softdep, alias, each with its arguments.",
    nothing="the subject adds no modprobe configuration about the NPU",
)
def modprobe_config(facts: Facts) -> Iterator[Finding]:
    """modprobe ignores lines that it cannot read, and with them the driver's options."""
    for line in modprobe_lines(facts):
        if not line.is_understood:
            if facts.subject.module is not None or kernels.names_an_npu_module(line.text):
                yield Problem(
                    "boot.extraModprobeConfig", "modprobe has no such command: the line has no effect", line.text
                )
        elif kernels.names_an_npu_module(line.module) and line.module not in kernels.MODULES:
            yield Problem("boot.extraModprobeConfig", "no kernel has a module of that name", line.text)
        else:
            yield Fine("boot.extraModprobeConfig", line.text)


NO_FILE = "the kernel is not built from a readable .config file"


@check(
    "kernel.mod-dir-version-matches",
    "modDirVersion matches the kernel's release",
    remedy="Set modDirVersion to the version of the source followed by CONFIG_LOCALVERSION of the .config.",
    nothing=NO_FILE,
)
def calls_itself_so(facts: Facts) -> Iterator[Finding]:
    """If the two differ the build fails, because modules would be looked up in the wrong directory."""
    file, making = configfile(facts), facts.configuration.kernel.making
    parts = re.fullmatch(r"(\d+\.\d+(?:\.\d+)?)(.*)", making.release) if making else None
    if file is None or making is None or parts is None or not file.is_whole:
        return
    seen = f'modDirVersion {making.release}; {file.name}: CONFIG_LOCALVERSION="{file.suffix}"'
    if parts[2].startswith("-rt") and not file.suffix:
        yield Aside("real-time patches add a version of their own to the source")
    elif parts[2] != file.suffix:
        yield Problem("modDirVersion", f"the kernel's release is {parts[1]}{file.suffix}: its build fails", seen)
    else:
        yield Fine("modDirVersion", seen)


@check(
    "kernel.configfile-enables-driver",
    "The kernel's .config enables the vendor's driver in the flavour that the rules expect",
    remedy="Set CONFIG_ROCKCHIP_RKNPU=y and one of CONFIG_ROCKCHIP_RKNPU_DRM_GEM=y (creates a render node) and "
    "CONFIG_ROCKCHIP_RKNPU_DMA_HEAP=y (creates /dev/rknpu).",
    nothing=NO_FILE,
    stacks=("vendor",),
)
def configfile_has_driver(facts: Facts) -> Iterator[Finding]:
    """linuxManualConfig builds what the file enables: without the symbol there is no driver."""
    file = configfile(facts)
    if file is None or not file.is_whole:
        return
    if any(brings_module(one, VENDOR_MODULE) for one in facts.configuration.kernel.extra_packages):
        yield Aside("the driver is an out-of-tree module")
        return
    if "ROCKCHIP_RKNPU" not in file.symbols:
        yield Problem(file.name, "the kernel is built without the vendor's driver", "no CONFIG_ROCKCHIP_RKNPU=y")
        return
    made = flavours(file)
    seen = f"CONFIG_ROCKCHIP_RKNPU={file.symbols['ROCKCHIP_RKNPU']} {' '.join(made)}"
    opened = flavours_with_rules(facts)
    if made == (DRM_GEM,) and opened == {DMA_HEAP}:
        yield Problem(file.name, "the driver creates a render node, but the rules only match /dev/rknpu", seen)
    elif made == (DMA_HEAP,) and opened == {DRM_GEM}:
        yield Problem(file.name, "the driver creates /dev/rknpu, but the rules only match render nodes", seen)
    else:
        yield Fine(file.name, seen)
