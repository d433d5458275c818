"""What kernels can do for the NPU: module names, Kconfig symbols, and which kernel has which.

Sources: Kconfig of the 6.17 and 6.18 releases, of Rockchip's 5.10/6.1 trees and of the out-of-tree module.
"""

from __future__ import annotations

import re

VENDOR_MODULE = "rknpu"
MAINLINE_MODULE = "rocket"
MODULES = frozenset({VENDOR_MODULE, MAINLINE_MODULE})

VENDOR_SYMBOLS = frozenset(
    {
        "ROCKCHIP_RKNPU",
        "ROCKCHIP_RKNPU_DEBUG_FS",
        "ROCKCHIP_RKNPU_PROC_FS",
        "ROCKCHIP_RKNPU_FENCE",
        "ROCKCHIP_RKNPU_SRAM",
        "ROCKCHIP_RKNPU_DRM_GEM",
        "ROCKCHIP_RKNPU_DMA_HEAP",
    }
)
"""In Rockchip's own trees; in no mainline release, 6.17 and 6.18 included."""

MAINLINE_SYMBOLS = frozenset({"DRM_ACCEL", "DRM_ACCEL_ROCKET"})
BOOLEAN_SYMBOLS = frozenset({"DRM_ACCEL"})
"""Symbols that take y or n and never m."""

_NPU_SYMBOL = re.compile(r"RKNPU|RKNN|ROCKET|ROCKCHIP_NPU|RK_NPU")
_NPU_MODULE = re.compile(r"rknpu|rknn|rk_npu|rk-npu|rockchip[-_]npu|rocket", re.IGNORECASE)
_VENDOR_KERNEL = re.compile(
    r"rockchip|rkbsp|rkr\d|armbian|vendor|bsp|orangepi|radxa|collabora|rk35|fydetab", re.IGNORECASE
)


def is_about_npu(symbol: str) -> bool:
    """Whether a Kconfig symbol's name speaks of this NPU."""
    return bool(_NPU_SYMBOL.search(symbol))


def names_an_npu_module(module: str) -> bool:
    """Whether a module's name looks like one of the NPU drivers, rightly spelled or not."""
    return bool(_NPU_MODULE.search(module))


def looks_like_vendor_kernel(*names: str | None) -> bool:
    """Whether a kernel's package name, version or source speaks of Rockchip's own trees."""
    return any(name and _VENDOR_KERNEL.search(name) for name in names)


def at_least(version: str, wanted: str) -> bool:
    """Whether a kernel version such as 6.18.2 or 6.19-rc3 is `wanted` (6.18) or later."""
    return _numbers(version) >= _numbers(wanted)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
