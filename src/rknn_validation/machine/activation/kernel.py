"""Which NPU driver a configuration really brings, and which NPU nodes its device tree has."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from rknn_validation.facts.kernel.drivers import brings_module, driver
from rknn_validation.facts.kernel.source import Origin, kernel_source
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import Configuration, Package
from rknn_validation.machine.activation.layout import STORE, SYSTEM, Layout
from rknn_validation.npu import kernels
from rknn_validation.npu.stacks import MAINLINE, VENDOR, Stack
from rknn_validation.npu.symbols import Presence

BOTH = (VENDOR, MAINLINE)
NPU = "a model that agrees with Mesa and TensorFlow Lite, never measured against silicon; a fixed clock, plain resets"


def lay_kernel(layout: Layout, facts: Facts) -> Stack | None:
    """Modules, modules-load.d, modprobe.d. Returns the stack the device tree describes, None for neither."""
    kernel = facts.configuration.kernel
    release = layout.guest.kernel_release
    layout.stand_in(f"kernel: Debian's {release} in place of {kernel.pname or 'linux'} {kernel.version}")
    brought = [stack.module for stack in BOTH if _brings(layout, facts, stack)]
    layout.entries.update(layout.guest.modules(brought) if brought else {})
    layout.kernel = _lay_modules_path(layout, facts.configuration, brought)
    early = [name for name in kernel.initrd_modules if name in (VENDOR.module, MAINLINE.module)]
    if early:
        layout.note(f"{', '.join(early)}: loaded from modules-load.d, where NixOS loads it in the initial ramdisk")
    names = dict.fromkeys((*kernel.modules, *early))
    added = VENDOR.module in brought and bool(driver_packages(facts.configuration, VENDOR))
    layout.drivers = (VENDOR.module,) if added else ()
    layout.text("/etc/modules-load.d/nixos.conf", "".join(f"{name}\n" for name in names))
    lines = [f"blacklist {name}" for name in kernel.blacklisted] + [kernel.modprobe_config, ""]
    layout.text("/etc/modprobe.d/nixos.conf", "\n".join(lines))
    stack, note = described(facts)
    layout.note(note)
    if stack is MAINLINE:
        layout.stand_in(f"NPU: {NPU}")
        layout.stand_in(
            "TensorFlow Lite: LiteRT's wheel for Python 3.11, whatever interpreter the configuration brings"
        )
    return stack


def _brings(layout: Layout, facts: Facts, stack: Stack) -> bool:
    """Whether the driver of a stack is installed: where the configuration has it or may have it."""
    found = driver(facts, stack.name)
    packages = driver_packages(facts.configuration, stack)
    broken = [package.name for package in packages if package.broken]
    if found.has is Presence.NO or (packages and len(broken) == len(packages)):
        reason = f"{broken[0]} is marked broken" if broken else found.why
        layout.note(f"{stack.module}.ko is not installed: {reason}")
        return False
    assumed = "" if found.has is Presence.YES else "assumed to be there: "
    if stack is MAINLINE:
        layout.stand_in(f"rocket.ko: Linux {layout.guest.kernel_release}'s own, built here ({assumed}{found.why})")
    else:
        layout.stand_in(f"{stack.module}.ko: a simulated driver ({assumed}{found.why})")
    return True


def driver_packages(configuration: Configuration, stack: Stack) -> list[Package]:
    """The packages of boot.extraModulePackages that bring a stack's driver."""
    roots = configuration.kernel.extra_packages
    return [package for root in roots for package in root.walk() if brings_module(package, stack.module)]


def _lay_modules_path(layout: Layout, configuration: Configuration, brought: Sequence[str]) -> str:
    """`/run/current-system/kernel-modules`, which is another path where another kernel boots next."""
    kernel = configuration.kernel
    config = [*sorted(kernel.config.items()), *((one.name, sorted(one.config.items())) for one in kernel.patches)]
    added = (package.out_path for package in kernel.extra_packages)
    made_of = (kernel.pname, kernel.version, repr(config), *brought, *added)
    digest = hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:32]
    path = f"{STORE}/{digest}-kernel-modules"
    layout.link(f"{path}/lib/modules", "/usr/lib/modules")
    layout.link(f"{SYSTEM}/kernel-modules", path)
    return path


def described(facts: Facts) -> tuple[Stack | None, str]:
    """The stack whose NPU nodes the device tree has that the node would boot with on an RK3588 board, and why."""
    device_tree, version = facts.configuration.device_tree, facts.configuration.kernel.version
    for overlay in device_tree.overlays if device_tree.enable else ():
        text = overlay.text if overlay.text is not None else f"{overlay.name} {overlay.file}"
        if VENDOR.node_compatible in text or (overlay.text is None and re.search(r"rknpu|npu", text)):
            return VENDOR, f"device tree: the vendor's NPU node, by the overlay {overlay.name}"
    if kernel_source(facts).origin is Origin.VENDOR:
        return VENDOR, "device tree: the vendor's NPU node, as vendor kernels have it"
    if device_tree.name is None:
        # The boot firmware passes a tree of its own, which a configuration does not tell.
        stack = _stack_with_a_driver(facts)
        taken = f"; assumed to describe the NPU for {stack.module}" if stack else ""
        return stack, f"device tree: hardware.deviceTree.name is not set, so it is the firmware's{taken}"
    if kernels.at_least(version, MAINLINE.kernel_at_least or ""):
        return MAINLINE, f"device tree: mainline's NPU nodes, as Linux {version} ships {device_tree.name}"
    return None, f"device tree: no NPU node, as Linux {version} ships {device_tree.name}"


def _stack_with_a_driver(facts: Facts) -> Stack | None:
    """The stack whose driver is there, else one whose driver may be; of two, the scenario's own."""
    for presence in (Presence.YES, Presence.UNKNOWN):
        having = [stack for stack in BOTH if driver(facts, stack.name).has is presence]
        if having:
            return next((stack for stack in having if stack.name == facts.scenario.stack), having[0])
    return None
