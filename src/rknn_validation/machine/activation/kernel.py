"""Which NPU driver a configuration really brings, and which NPU nodes its device tree has."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from rknn_validation.facts.nix.configuration import Configuration, Package
from rknn_validation.machine.activation.layout import STORE, SYSTEM, Layout
from rknn_validation.npu import kernels
from rknn_validation.npu.stacks import MAINLINE, VENDOR, Stack

_ROCKET_SINCE = MAINLINE.kernel_at_least or ""


def lay_kernel(layout: Layout, configuration: Configuration) -> Stack | None:
    """Modules, modules-load.d, modprobe.d. Returns the stack the device tree describes, None for neither."""
    kernel = configuration.kernel
    release = layout.guest.kernel_release
    layout.stand_in(f"kernel: Debian's {release} in place of {kernel.pname or 'linux'} {kernel.version}")
    brought = []
    for stack, brings in ((VENDOR, brings_rknpu(configuration)), (MAINLINE, brings_rocket(configuration))):
        if brings:
            brought.append(stack.module)
            layout.stand_in(f"{stack.module}.ko: a simulated driver ({brings})")
        else:
            layout.note(f"{stack.module}.ko is not laid: {_why_not(configuration, stack)}")
    layout.entries.update(layout.guest.modules(brought) if brought else {})
    layout.kernel = _lay_modules_path(layout, configuration, brought)
    early = [name for name in kernel.initrd_modules if name in (VENDOR.module, MAINLINE.module)]
    if early:
        layout.note(f"{', '.join(early)}: loaded from modules-load.d, where NixOS loads it in the initial ramdisk")
    names = dict.fromkeys((*kernel.modules, *early))
    added = VENDOR.module in brought and not is_vendor_kernel(configuration)
    layout.drivers = (VENDOR.module,) if added else ()
    layout.text("/etc/modules-load.d/nixos.conf", "".join(f"{name}\n" for name in names))
    lines = [f"blacklist {name}" for name in kernel.blacklisted] + [kernel.modprobe_config, ""]
    layout.text("/etc/modprobe.d/nixos.conf", "\n".join(lines))
    return _npu_nodes(layout, configuration)


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


def is_vendor_kernel(configuration: Configuration) -> bool:
    """Whether `boot.kernelPackages` is Rockchip's own kernel, by its name and version."""
    kernel = configuration.kernel
    return kernels.looks_like_vendor_kernel(
        kernel.pname, kernel.version, kernel.package.name if kernel.package else None
    )


def brings_rknpu(configuration: Configuration) -> str:
    """Why the vendor driver is there, "" where nothing brings it."""
    for root in configuration.kernel.extra_packages:
        for package in root.walk():
            if not package.broken and is_rknpu(package):
                return f"boot.extraModulePackages has {package.name}"
    kernel = configuration.kernel
    if is_vendor_kernel(configuration) and kernel.config.get("ROCKCHIP_RKNPU") != "n":
        return f"{kernel.pname} {kernel.version} is taken for a vendor kernel with the driver, by its name"
    return ""


def is_rknpu(package: Package) -> bool:
    """Whether a package is the vendor driver built as a module, by its name or source."""
    urls = package.source.urls if package.source else ()
    return any("rknpu" in text.lower() for text in (package.name, package.pname or "", *urls))


def brings_rocket(configuration: Configuration) -> str:
    """Why the mainline driver is there, "" where nothing brings it."""
    kernel = configuration.kernel
    if is_vendor_kernel(configuration) or not kernels.at_least(kernel.version, _ROCKET_SINCE):
        return ""
    settings = {**kernel.config, **{key: value for patch in kernel.patches for key, value in patch.config.items()}}
    if any(settings.get(symbol, "m") in ("n", "no") for symbol in ("DRM_ACCEL", "DRM_ACCEL_ROCKET")):
        return ""
    return f"Linux {kernel.version}, where nixpkgs builds it"


def _why_not(configuration: Configuration, stack: Stack) -> str:
    if stack is VENDOR:
        return "neither boot.extraModulePackages nor the kernel brings it"
    kernel = configuration.kernel
    if is_vendor_kernel(configuration):
        return f"{kernel.pname} {kernel.version} is a vendor kernel"
    if not kernels.at_least(kernel.version, _ROCKET_SINCE):
        return f"Linux {kernel.version} is older than {_ROCKET_SINCE}"
    return "the kernel's configuration switches it off"


def _npu_nodes(layout: Layout, configuration: Configuration) -> Stack | None:
    stack, note = described(configuration)
    layout.note(note)
    return stack


def described(configuration: Configuration) -> tuple[Stack | None, str]:
    """The stack whose NPU nodes the device tree has that the node would boot with on an RK3588 board, and why."""
    tree = configuration.device_tree
    for overlay in tree.overlays if tree.enable else ():
        text = overlay.text if overlay.text is not None else f"{overlay.name} {overlay.file}"
        if VENDOR.node_compatible in text or (overlay.text is None and re.search(r"rknpu|npu", text)):
            return VENDOR, f"device tree: the vendor's NPU node, by the overlay {overlay.name}"
    if is_vendor_kernel(configuration):
        return VENDOR, "device tree: the vendor's NPU node, as vendor kernels have it"
    if tree.name is None:
        # The boot firmware hands over a tree of its own; what it says cannot be read from a configuration.
        driver = VENDOR if brings_rknpu(configuration) else MAINLINE if brings_rocket(configuration) else None
        taken = f"; taken to describe the NPU for {driver.module}" if driver else ""
        return driver, f"device tree: hardware.deviceTree.name is not set, so it is the firmware's{taken}"
    if kernels.at_least(configuration.kernel.version, _ROCKET_SINCE):
        return (
            MAINLINE,
            f"device tree: mainline's NPU nodes, as Linux {configuration.kernel.version} ships {tree.name}",
        )
    return None, f"device tree: no NPU node, as Linux {configuration.kernel.version} ships {tree.name}"
