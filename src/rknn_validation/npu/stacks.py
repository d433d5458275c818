"""The two NPU stacks of RK3588, as data. They exclude each other on one kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

StackName = Literal["vendor", "mainline", "none"]
STACK_NAMES: tuple[StackName, ...] = ("vendor", "mainline", "none")


@dataclass(frozen=True)
class Stack:
    """What a working stack looks like from the outside.

    `node_compatible` is the NPU's device-tree compatible, `node_addresses` the unit addresses of its
    nodes, `device` the device node a client opens, `library` the runtime a client loads.
    """

    name: StackName
    module: str
    node_compatible: str
    node_addresses: tuple[int, ...]
    device: str
    subsystem: str
    library: str
    kernel_at_least: str | None


VENDOR = Stack(
    name="vendor",
    module="rknpu",
    node_compatible="rockchip,rk3588-rknpu",
    node_addresses=(0xFDAB0000,),
    device="/dev/rknpu",
    subsystem="misc",
    library="librknnrt.so",
    kernel_at_least=None,
)
"""Rockchip BSP/Armbian kernel or the out-of-tree `rknpu` module; proprietary `librknnrt.so`."""

MAINLINE = Stack(
    name="mainline",
    module="rocket",
    node_compatible="rockchip,rk3588-rknn-core",
    node_addresses=(0xFDAB0000, 0xFDAC0000, 0xFDAD0000),
    device="/dev/accel/accel0",
    subsystem="accel",
    library="libteflon.so",
    kernel_at_least="6.18",
)
"""`DRM_ACCEL_ROCKET`, first in Linux 6.18; Mesa >= 25.3 Teflon."""

STOCK_HERTZ = 1_000_000_000
"""The highest operating point of the SoC's NPU (rockchip-linux/kernel rk3588s.dtsi, npu-opp-table)."""

STACKS: dict[str, Stack] = {"vendor": VENDOR, "mainline": MAINLINE}

PYTHON_RUNTIME_PATHS = (
    "/usr/lib/librknn_runtime.so",
    "/usr/lib64/librknn_runtime.so",
    "/usr/lib/librknnrt.so",
)
"""The only places rknn-toolkit-lite2 2.3.2 looks for the runtime; LD_LIBRARY_PATH is not consulted."""

LD_LIBRARY_PATH = "LD_LIBRARY_PATH"

CORE_MASKS = frozenset({0, 1, 2, 3, 4, 7, 0xFFFF})
"""The sets of cores rknn-toolkit-lite2 2.3.2 takes (ran): any other is `The core mode … is not supported`."""
