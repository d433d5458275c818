"""What a host's own configuration says of it: the board it is for, and the stack it is to bring up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.kernel.drivers import mainline_driver, vendor_driver
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import Configuration
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.boards import PC, Board, board_of_dtb
from rknn_validation.npu.stacks import STACKS
from rknn_validation.npu.symbols import Presence

NO_BOARD = "virt"
TYPICAL = "orangepi-5-plus"


@dataclass(frozen=True)
class Told:
    """A word about a host, and why it is this one."""

    word: str
    why: str


def board_of(configuration: Configuration, given: str | None) -> Told:
    """The board a host is for: what was given, its device tree's, or what its system and NPU support tell."""
    if given is not None:
        return Told(given, "as given")
    name = configuration.device_tree.name
    board = board_of_dtb(name) if name else None
    if board is not None:
        return Told(board.name, f"hardware.deviceTree.name is {name}")
    if not configuration.system.startswith("aarch64"):
        return Told(PC.name, f"its system is {configuration.system}")
    if name:
        return Told(NO_BOARD, f"hardware.deviceTree.name is {name}, of no board that is known")
    reason = next(_npu_support(configuration), None)
    if reason is not None:
        return Told(TYPICAL, f"hardware.deviceTree.name is not set; it brings NPU support ({reason}): say --board")
    return Told(NO_BOARD, "hardware.deviceTree.name is not set, and nothing brings NPU support")


def stack_of(facts: Facts, board: Board, given: str | None) -> Told:
    """The stack a host is to bring up: what was given, or what its configuration brings.

    A host of another board is to be left alone, whatever it brings. Of an RK3588 board that brings nothing, its kernel
    decides: one that has a driver, or may have the vendor's.
    """
    if given is not None:
        return Told(given, "as given")
    if not board.is_rk3588:
        return Told("none", f"{board.name} is no RK3588 board: it has to be left alone")
    for stack, brought in (("vendor", _vendor), ("mainline", _mainline)):
        reason = next(brought(facts.configuration), None)
        if reason is not None:
            return Told(stack, reason)
    vendor, mainline = vendor_driver(facts), mainline_driver(facts)
    if mainline.has is Presence.YES or (mainline.has is Presence.UNKNOWN and vendor.has is Presence.NO):
        return Told("mainline", mainline.why)
    if vendor.has is not Presence.NO:
        return Told("vendor", vendor.why)
    return Told("mainline", f"neither stack's driver is there: {mainline.why}")


def _npu_support(configuration: Configuration) -> Iterator[str]:
    yield from _vendor(configuration)
    yield from _mainline(configuration)


def _vendor(configuration: Configuration) -> Iterator[str]:
    """What of the vendor's stack a configuration brings: its driver first, then what its clients need."""
    kernel = configuration.kernel
    module = STACKS["vendor"].module
    yield from (f"boot.extraModulePackages has {one.name}" for one in kernel.extra_packages if module in one.name)
    if kernel.config.get("ROCKCHIP_RKNPU", "n") in ("y", "m"):
        yield f"{kernel.pname} {kernel.version} is built with ROCKCHIP_RKNPU"
    if module in (*kernel.modules, *kernel.initrd_modules):
        yield f"boot.kernelModules has {module}"
    for package in configuration.packages():
        if any(word in package.name for word in ("rknnrt", "rknn-runtime", "rknn-toolkit", "rkllm", "rknpu")):
            yield f"it installs {package.name}"
    yield from (f"a udev rule is about {module}" for one in configuration.udev_rules if module in (one.text or ""))
    if module in configuration.udev_extra_rules:
        yield f"services.udev.extraRules is about {module}"
    yield from (
        f"systemd.tmpfiles has {line.split()[1]}"
        for line in configuration.tmpfiles
        if "librknnrt" in line and len(line.split()) > 1
    )


def _mainline(configuration: Configuration) -> Iterator[str]:
    """What of the mainline stack a configuration asks for by name; a kernel that merely has the driver says nothing."""
    kernel = configuration.kernel
    module = STACKS["mainline"].module
    if module in (*kernel.modules, *kernel.initrd_modules):
        yield f"boot.kernelModules has {module}"
    for patch in kernel.patches:
        if patch.config.get("DRM_ACCEL_ROCKET", "n") in ("y", "m"):
            yield f"boot.kernelPatches sets DRM_ACCEL_ROCKET ({patch.name})"
    texts = [one.text or "" for one in configuration.udev_rules] + [configuration.udev_extra_rules]
    if any('"accel"' in text and about_npu(text) for text in texts):
        yield "a udev rule is about the accel node of rocket"
    yield from (f"{name} names libteflon.so" for name, unit in configuration.units.items() if _names_teflon(unit))


def _names_teflon(unit: object) -> bool:
    return "libteflon" in repr(unit)
