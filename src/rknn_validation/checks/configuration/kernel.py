"""Does the kernel have the driver, and does the configuration load the right one?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.configuration.udev import scripts
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.difference import baseline
from rknn_validation.facts.model import Facts
from rknn_validation.facts.text.nixtext import files_from
from rknn_validation.npu import kernels
from rknn_validation.npu.stacks import STACKS

OFF = frozenset({"n", "no", "false"})
"""Values of a Kconfig symbol that switch it off."""


def forced_modules(facts: Facts) -> tuple[tuple[str, str], ...]:
    """(option, module) of every kernel module the subject has loaded at boot on any hardware."""
    kernel, before = facts.configuration.kernel, baseline(facts).kernel
    lists = (
        ("boot.kernelModules", kernel.modules, before.modules),
        ("boot.initrd.kernelModules", kernel.initrd_modules, before.initrd_modules),
    )
    return tuple((option, name) for option, after, known in lists for name in after if name not in known)


def loaded_modules(facts: Facts) -> tuple[tuple[str, str], ...]:
    """(where, module) of every modprobe in the subject's units and activation scripts."""
    return tuple(
        (where, name)
        for where, line in scripts(facts)
        for name in re.findall(r"\bmodprobe\s+(?:-[-\w]+\s+)*([a-z][\w-]*)", line)
        if not re.search(r"\bmodprobe\s+(?:-\w+\s+)*(-r|--remove)\b", line)
    )


def has_vendor_driver(facts: Facts) -> bool:
    """Whether the kernel is Rockchip's, or a package or patch brings the vendor's driver."""
    kernel = facts.configuration.kernel
    source = kernel.package.source if kernel.package else None
    names = (
        kernel.pname,
        kernel.version,
        kernel.package.name if kernel.package else None,
        *(source.urls if source else ()),
    )
    return (
        kernels.looks_like_vendor_kernel(*names)
        or kernel.config.get("ROCKCHIP_RKNPU", "n") not in OFF
        or any(kernels.names_an_npu_module(package.name) for package in kernel.extra_packages)
        or any(patch.has_patch and kernels.names_an_npu_module(patch.name) for patch in kernel.patches)
    )


def is_stock_kernel(facts: Facts) -> bool:
    """Whether the kernel is plainly nixpkgs' build of a kernel.org release."""
    kernel = facts.configuration.kernel
    source = kernel.package.source if kernel.package else None
    urls = source.urls if source else ()
    return kernel.pname in {"linux", "linux-lts", "linux_latest"} and not kernels.looks_like_vendor_kernel(
        kernel.version, *urls
    )


def _handles_kernel(facts: Facts) -> bool:
    """Whether the subject takes the driver upon itself (and not merely the libraries)."""
    kernel, before = facts.configuration.kernel, baseline(facts).kernel
    about = (*(name for _, name in forced_modules(facts)), *kernel.initrd_available_modules)
    patched = [symbol for patch in kernel.patches if patch not in before.patches for symbol in patch.config]
    return any(map(kernels.names_an_npu_module, about)) or any(map(kernels.is_about_npu, patched))


def _host_chooses_kernel(facts: Facts) -> bool:
    """Whether what the subject is imported with settles the kernel, so that nobody else will."""
    kernel, before = facts.configuration.kernel, baseline(facts).kernel
    # Under a condition it may be another scenario's kernel that is chosen there.
    settled = [
        file
        for file in files_from(tuple(one for one in facts.subject.imports if isinstance(one, Path)))
        if any(file.find(r"\bkernelPackages\s*=")) and not any(file.find(r"\b(mkIf|optional\w*|if)\b"))
    ]
    return bool(settled) and (kernel.pname, kernel.version) == (before.pname, before.version)


@CONFIGURATION_CHECKS.check(
    "kernel.modules-are-spelled-right",
    stage="kernel",
    title="kernel modules are named as the kernel names them",
    remedy="The vendor's driver is the module rknpu, mainline's is rocket.",
)
def modules_spelled_right(facts: Facts) -> Answer:
    """A name no kernel knows makes systemd-modules-load fail at every boot."""
    kernel = facts.configuration.kernel
    before = baseline(facts).kernel
    available = [name for name in kernel.initrd_available_modules if name not in before.initrd_available_modules]
    named = [*forced_modules(facts), *(("boot.initrd.availableKernelModules", name) for name in available)]
    named += loaded_modules(facts)
    named += [("boot.blacklistedKernelModules", name) for name in kernel.blacklisted if name not in before.blacklisted]
    brought = {package.pname for package in kernel.extra_packages}
    wrong = [
        Evidence(option, name)
        for option, name in named
        if kernels.names_an_npu_module(name) and name not in kernels.MODULES and name not in brought
    ]
    if wrong:
        return failed("no kernel has a module of that name: loading it fails at boot", *wrong)
    return passed(f"{len(named)} modules named") if named else skipped("the subject names no kernel module")


@CONFIGURATION_CHECKS.check(
    "kernel.loads-the-stack-s-driver",
    stage="kernel",
    title="of the two drivers only the scenario's is loaded",
    remedy="The stacks exclude each other: load rknpu for vendor, rocket for mainline, and never both.",
)
def loads_the_right_driver(facts: Facts) -> Answer:
    """Both drivers want the same registers; whichever binds first wins, and the other stack's userspace fails."""
    stack = STACKS[facts.scenario.stack]
    asked = (*forced_modules(facts), *loaded_modules(facts))
    forced = [(option, name) for option, name in asked if name in kernels.MODULES]
    wrong = [Evidence(option, name) for option, name in forced if name != stack.module]
    if wrong:
        return failed(f"the {stack.name} stack needs {stack.module}, and this loads the other stack's driver", *wrong)
    if not forced:
        return skipped("no driver is forced: udev loads it by the device tree's modalias")
    return passed(f"{stack.module} and no other", *(Evidence(option, name) for option, name in forced))


@CONFIGURATION_CHECKS.check(
    "kernel.vendor-driver-has-a-source",
    stage="kernel",
    title="the vendor's driver comes from somewhere",
    remedy="No mainline kernel carries rknpu: set boot.kernelPackages to Rockchip's kernel, or add the out-of-tree "
    "module to boot.extraModulePackages. If the machine's profile brings the kernel, name it in the scenario's "
    "`config`.",
    stacks=("vendor",),
)
def vendor_driver_has_a_source(facts: Facts) -> Answer:
    """A stock kernel has neither the module nor the Kconfig symbol."""
    kernel = facts.configuration.kernel
    seen = Evidence("boot.kernelPackages.kernel", f"{kernel.pname} {kernel.version}")
    if has_vendor_driver(facts):
        return passed("the kernel or a package brings rknpu", seen)
    if not (_handles_kernel(facts) or _host_chooses_kernel(facts)):
        return skipped("the subject leaves the driver to the machine's kernel")
    if not is_stock_kernel(facts):
        return skipped(f"whether {kernel.pname} {kernel.version} has the vendor's driver cannot be seen from here")
    extra = Evidence("boot.extraModulePackages", ", ".join(one.name for one in kernel.extra_packages) or "(none)")
    return failed("no kernel or package here has rknpu: nothing will drive the NPU", seen, extra)


@CONFIGURATION_CHECKS.check(
    "kernel.has-the-mainline-driver",
    stage="kernel",
    title="the kernel is new enough for rocket",
    remedy="Set boot.kernelPackages to a kernel of 6.18 or later (pkgs.linuxPackages_latest).",
    stacks=("mainline",),
)
def kernel_new_enough(facts: Facts) -> Answer:
    """DRM_ACCEL_ROCKET came with 6.18; so did the NPU's nodes in the boards' device trees."""
    kernel = facts.configuration.kernel
    wanted = STACKS["mainline"].kernel_at_least or ""
    seen = Evidence("boot.kernelPackages.kernel", f"{kernel.pname} {kernel.version}")
    off = [name for name in kernels.MAINLINE_SYMBOLS if kernel.config.get(name) in OFF]
    off += [name for patch in kernel.patches for name in kernels.MAINLINE_SYMBOLS if patch.config.get(name) in OFF]
    if off:
        return failed(f"{', '.join(sorted(set(off)))} is switched off: the kernel has no rocket driver", seen)
    if kernels.at_least(kernel.version, wanted):
        return passed(f"{kernel.version} is {wanted} or later", seen)
    if kernel.config.get("DRM_ACCEL_ROCKET", "n") not in OFF or _patched_in(facts):
        return passed("the kernel has the driver patched in", seen)
    return failed(f"{kernel.version} is older than {wanted}, the first kernel with the rocket driver", seen)


def _patched_in(facts: Facts) -> bool:
    names = [patch.name for patch in facts.configuration.kernel.patches if patch.has_patch]
    names += [package.name for package in facts.configuration.kernel.extra_packages]
    return any(re.search("rocket|accel", name) for name in names)


@CONFIGURATION_CHECKS.check(
    "kernel.does-not-block-its-own-driver",
    stage="kernel",
    title="the driver the scenario needs is not blacklisted",
    remedy="Remove the driver from boot.blacklistedKernelModules, boot.extraModprobeConfig and boot.kernelParams.",
)
def does_not_block_itself(facts: Facts) -> Answer:
    """A blacklisted module is not loaded by modalias; with `install … false` it cannot be loaded at all."""
    kernel, module = facts.configuration.kernel, STACKS[facts.scenario.stack].module
    found = list(_blocks(kernel.blacklisted, kernel.modprobe_config, kernel.params, module))
    if found:
        return failed(f"{module}, which this stack needs, is kept from loading", *found)
    return passed(f"nothing keeps {module} from loading")


def _blocks(blacklisted: tuple[str, ...], modprobe: str, params: tuple[str, ...], module: str) -> Iterator[Evidence]:
    if module in blacklisted:
        yield Evidence("boot.blacklistedKernelModules", module)
    for line in modprobe.splitlines():
        words = line.split()
        if words[:2] == ["blacklist", module] or (words[:2] == ["install", module] and re.search(r"false|true$", line)):
            yield Evidence("boot.extraModprobeConfig", line.strip())
    for param in params:
        name, _, value = param.partition("=")
        if name in {"module_blacklist", "modprobe.blacklist", "rd.driver.blacklist"} and module in value.split(","):
            yield Evidence("boot.kernelParams", param)
