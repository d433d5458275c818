"""What kernels can do for the NPU: module names, whose kernel one is, and which releases carry which driver.

Sources: Kconfig of the 6.17 and 6.18 releases, of Rockchip's 5.10/6.1 trees and of the out-of-tree module, which was
compiled against the headers of the releases named below. Which kernel has which Kconfig symbol is in `symbols`.
"""

from __future__ import annotations

import re

VENDOR_MODULE = "rknpu"
MAINLINE_MODULE = "rocket"
MODULES = frozenset({VENDOR_MODULE, MAINLINE_MODULE})

_NPU_SYMBOL = re.compile(r"RKNPU|RKNN|ROCKET|ROCKCHIP_NPU|RK_NPU")
_NPU_MODULE = re.compile(r"rknpu|rknn|rk_npu|rk-npu|rockchip[-_]npu|rocket", re.IGNORECASE)
_VENDOR_KERNEL = re.compile(
    r"rockchip|rkbsp|rkr\d|rk35|armbian|vendor|\bbsp\b|orangepi|xunlong|radxa|fyde(?:tab|os)|friendly(?:arm|elec)|nanopi"
    r"|lubancat|khadas|hardkernel|mixtile|firefly|bpi-sinovoip|bananapi",
    re.IGNORECASE,
)
# Trees of the same people that follow mainline: they have rocket, and no rknpu.
_MAINLINE_TREE = re.compile(r"mainline|collabora|torvalds|kernel\.org", re.IGNORECASE)
_VENDOR_SERIES = frozenset({(4, 4), (4, 19), (5, 10), (6, 1), (6, 6)})


def is_about_npu(symbol: str) -> bool:
    """Whether a Kconfig symbol's name speaks of this NPU."""
    return bool(_NPU_SYMBOL.search(symbol))


def names_an_npu_module(module: str) -> bool:
    """Whether a module's name looks like one of the NPU drivers, rightly spelled or not."""
    return bool(_NPU_MODULE.search(module))


def looks_like_vendor_kernel(*names: str | None) -> bool:
    """Whether a kernel's package name, version or source speaks of Rockchip's own trees.

    The one place that guesses from names. A name that says mainline, too, is not taken for the vendor's.
    """
    text = " ".join(name for name in names if name)
    return bool(_VENDOR_KERNEL.search(text)) and not _MAINLINE_TREE.search(text)


def is_vendor_series(version: str) -> bool:
    """Whether Rockchip has a tree of that series: newer kernels follow mainline, whoever keeps them."""
    return _numbers(version) in _VENDOR_SERIES


def at_least(version: str, wanted: str) -> bool:
    """Whether a kernel version such as 6.18.2 or 6.19-rc3 is `wanted` (6.18) or later."""
    return _numbers(version) >= _numbers(wanted)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
