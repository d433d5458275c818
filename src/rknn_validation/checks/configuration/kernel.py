"""Does the kernel have the driver, and does the configuration load the right one?"""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem, Unsure
from rknn_validation.facts.kernel.drivers import Driver, mainline_driver, vendor_driver
from rknn_validation.facts.kernel.loading import Named, blocked, forced, in_initrd, loaded
from rknn_validation.facts.model import Facts
from rknn_validation.npu import kernels
from rknn_validation.npu.stacks import STACKS
from rknn_validation.npu.symbols import Presence

KERNEL = "boot.kernelPackages.kernel"


def _named(facts: Facts) -> Iterator[Named]:
    kernel, before = facts.configuration.kernel, facts.without.kernel
    yield from dict.fromkeys((*forced(facts), *in_initrd(facts), *loaded(facts)))
    for name in kernel.blacklisted:
        if name not in before.blacklisted:
            yield Named("boot.blacklistedKernelModules", name)


@check(
    "kernel.modules-are-spelled-right",
    stage="kernel",
    title="kernel modules are named as the kernel names them",
    remedy="The vendor's driver is the module rknpu, mainline's is rocket.",
    good="the NPU's modules are spelled as the kernel spells them",
    nothing="the subject names no module of the NPU",
)
def modules_spelled_right(facts: Facts) -> Iterator[Finding]:
    """A name no kernel knows makes systemd-modules-load fail at every boot."""
    brought = {package.pname for package in facts.configuration.kernel.extra_packages}
    for one in _named(facts):
        if not kernels.names_an_npu_module(one.module):
            continue
        if one.module in kernels.MODULES or one.module in brought:
            yield Fine(one.where, one.module)
        else:
            yield Problem(one.where, "no kernel has a module of that name: loading it fails at boot", one.module)


@check(
    "kernel.loads-the-stack-s-driver",
    stage="kernel",
    title="of the two drivers only the scenario's is loaded",
    remedy="The stacks exclude each other: load rknpu for vendor, rocket for mainline, and never both.",
    nothing="no driver is forced: udev loads it by the device tree's modalias",
)
def loads_the_right_driver(facts: Facts) -> Iterator[Finding]:
    """Both drivers want the same registers; whichever binds first wins, and the other stack's userspace fails."""
    stack = STACKS[facts.scenario.stack]
    for one in (*forced(facts), *loaded(facts)):
        if one.module == stack.module:
            yield Fine(one.where, one.module)
        elif one.module in kernels.MODULES:
            what = f"the {stack.name} stack needs {stack.module}, and this loads the other stack's driver"
            yield Problem(one.where, what, one.module)


@check(
    "kernel.vendor-driver-has-a-source",
    stage="kernel",
    title="the vendor's driver comes from somewhere",
    remedy="No mainline kernel carries rknpu: set boot.kernelPackages to Rockchip's kernel, or add the out-of-tree "
    "module to boot.extraModulePackages. If the machine's profile brings the kernel, name it in the scenario's "
    "`config` or among the subject's `imports`.",
    good="the kernel or a package brings rknpu",
    stacks=("vendor",),
)
def vendor_driver_has_a_source(facts: Facts) -> Iterator[Finding]:
    """Without a driver nothing of the vendor's stack can work, whoever chose the kernel."""
    yield from _told(facts, vendor_driver(facts))


@check(
    "kernel.has-the-mainline-driver",
    stage="kernel",
    title="the kernel has rocket",
    remedy="Set boot.kernelPackages to a kernel of 6.18 or later (pkgs.linuxPackages_latest), with DRM_ACCEL (y) and "
    "DRM_ACCEL_ROCKET (m) on.",
    good="the kernel has the rocket driver",
    stacks=("mainline",),
)
def has_the_mainline_driver(facts: Facts) -> Iterator[Finding]:
    """DRM_ACCEL_ROCKET came with 6.18; so did the NPU's nodes in the boards' device trees."""
    yield from _told(facts, mainline_driver(facts))


def _told(facts: Facts, driver: Driver) -> Iterator[Finding]:
    kernel = facts.configuration.kernel
    seen = f"{kernel.pname} {kernel.version}"
    if not facts.subject.is_machine:
        yield Aside("packages alone leave the kernel to the machine that takes them")
    elif driver.has is Presence.YES:
        yield Fine(KERNEL, f"{seen}: {driver.why}")
    elif driver.has is Presence.UNKNOWN:
        yield Unsure(KERNEL, driver.why, seen)
    else:
        extra = ", ".join(one.name for one in kernel.extra_packages) or "(none)"
        yield Problem(KERNEL, driver.why, f"{seen}; boot.extraModulePackages: {extra}")


@check(
    "kernel.does-not-block-its-own-driver",
    stage="kernel",
    title="the driver the scenario needs is not blacklisted",
    remedy="Remove the driver from boot.blacklistedKernelModules, boot.extraModprobeConfig and boot.kernelParams.",
)
def does_not_block_itself(facts: Facts) -> Iterator[Finding]:
    """A blacklisted module is not loaded by modalias; with `install … false` it cannot be loaded at all."""
    module = STACKS[facts.scenario.stack].module
    found = [one for one in blocked(facts) if one.module == module]
    yield from (Problem(one.where, f"{module}, which this stack needs, is kept from loading") for one in found)
    if not found:
        yield Fine(f"nothing keeps {module} from loading")
