"""The kernel fact base: Kconfig symbol -> the releases that have it, or which vendor tree alone does.

Two sources. `mainline_symbols.json` is complete for the families below and was read from the Kconfig files of the
releases it names (scripts/record_kernel_symbols.py); it says in which of them a symbol is. What lies between two
recorded releases is in `SINCE`, where the release is known, and is otherwise unknown. `VENDOR` are symbols
read in Rockchip's trees; none of them is in any recorded mainline release.

An index of a public repository is no proof: GitHub serves commits of forks under the upstream's name, and a
drivers/rknpu/Kconfig is found below torvalds/linux that no release has ever had.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

FAMILY = re.compile(
    r"ROCKCHIP|ROCKET|RKNPU|RKNN|RK_NPU|(^|_)RK(8|30|31|32|33|35|62|63|DMA)\d*(_|$)|^DRM_ACCEL|^DMABUF|^(DMA_)?CMA(_|$)|^DEVFREQ_"
)
"""Names whose mainline record is complete: one that is not in it is in none of the recorded releases."""


class Presence(StrEnum):
    """Whether a kernel has a symbol."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Vendor:
    """A symbol of Rockchip's trees alone. `source`: the tree and file it was read in; `instead`: what mainline has."""

    source: str
    instead: str = ""


_RKNPU = "rockchip-linux/kernel drivers/rknpu/Kconfig (4.19 to 6.1; unchanged in armbian/linux-rockchip)"
_SOC = "rockchip-linux/kernel b5578c4 drivers/soc/rockchip/Kconfig"
_DEFCONFIG = "armbian/linux-rockchip 005c372 arch/arm64/configs/rockchip_linux_defconfig"
_NO_DRIVER = "the out-of-tree rknpu module, which needs no symbol of its own"

VENDOR: dict[str, Vendor] = {
    **{
        name: Vendor(_RKNPU, _NO_DRIVER)
        for name in (
            *("ROCKCHIP_RKNPU", "ROCKCHIP_RKNPU_DEBUG_FS", "ROCKCHIP_RKNPU_PROC_FS", "ROCKCHIP_RKNPU_FENCE"),
            *("ROCKCHIP_RKNPU_SRAM", "ROCKCHIP_RKNPU_DRM_GEM", "ROCKCHIP_RKNPU_DMA_HEAP"),
        )
    },
    **{
        name: Vendor(_SOC)
        for name in (
            *("ROCKCHIP_CPUINFO", "ROCKCHIP_DEVICEINFO", "ROCKCHIP_IPA", "ROCKCHIP_OPP", "ROCKCHIP_PM_TEST"),
            *("ROCKCHIP_PVTM", "ROCKCHIP_SUSPEND_MODE", "ROCKCHIP_SYSTEM_MONITOR", "ROCKCHIP_VENDOR_STORAGE"),
            *("ROCKCHIP_VENDOR_STORAGE_UPDATE_LOADER",),
        )
    },
    **{
        name: Vendor(_DEFCONFIG)
        for name in (
            *("ARM_ROCKCHIP_BUS_DEVFREQ", "ARM_ROCKCHIP_CPUFREQ", "ROCKCHIP_AMP", "ROCKCHIP_CLK_PVTPLL"),
            *("ROCKCHIP_CSU", "ROCKCHIP_DEBUG", "ROCKCHIP_DMC_DEBUG", "ROCKCHIP_MPP_RKVDEC"),
            *("ROCKCHIP_MPP_RKVDEC2", "ROCKCHIP_MPP_RKVENC", "ROCKCHIP_MPP_RKVENC2", "ROCKCHIP_MPP_SERVICE"),
            *("ROCKCHIP_MULTI_RGA", "ROCKCHIP_SIP", "RK_DMABUF_DEBUG", "DMABUF_PARTIAL"),
            *("DMABUF_RK_HEAPS_DEBUG",),
        )
    },
    "ARM_ROCKCHIP_DMC_DEVFREQ": Vendor(_DEFCONFIG, "ARM_RK3399_DMC_DEVFREQ, for the RK3399 only"),
    "DMABUF_HEAPS_ROCKCHIP": Vendor(_DEFCONFIG, "DMABUF_HEAPS with DMABUF_HEAPS_SYSTEM and DMABUF_HEAPS_CMA"),
    "DMABUF_HEAPS_ROCKCHIP_CMA_HEAP": Vendor(_DEFCONFIG, "DMABUF_HEAPS_CMA"),
}
"""In Rockchip's own trees; in no mainline release."""

SINCE = {
    "DRM_ACCEL": "6.2",
    "DRM_ACCEL_ROCKET": "6.18",
    "DMABUF_HEAPS": "5.6",
    "DMABUF_HEAPS_SYSTEM": "5.6",
    "DMABUF_HEAPS_CMA": "5.6",
}
"""The first mainline release with a symbol, where that is known more exactly than the recorded releases tell.

DRM_ACCEL_ROCKET: absent from the configuration of 6.17, present in that of 6.18. DRM_ACCEL: drivers/accel was merged
for 6.2 (absent from 6.1 in the record). DMABUF_HEAPS: merged for 5.6.
"""


@dataclass(frozen=True)
class Mainline:
    """A symbol of mainline: its kind (bool, tristate, int, hex, string) and the recorded releases that have it."""

    kind: str
    releases: tuple[str, ...]


@cache
def mainline() -> dict[str, Mainline]:
    """The record of mainline releases, by symbol."""
    return {name: Mainline(one["kind"], tuple(one["in"])) for name, one in _record()["symbols"].items()}


@cache
def releases() -> tuple[str, ...]:
    """The recorded mainline releases, oldest first."""
    return tuple(_record()["releases"])


@cache
def _record() -> dict:  # type: ignore[type-arg]
    text = resources.files("rknn_validation.npu").joinpath("mainline_symbols.json").read_text()
    return dict(json.loads(text))


def in_mainline(symbol: str, version: str) -> Presence:
    """Whether the mainline release `version` (6.12.74, 7.1-rc4) has a symbol; unknown for names of other families."""
    known = mainline().get(symbol)
    since = SINCE.get(symbol)
    if since is not None:
        return Presence.YES if _numbers(version) >= _numbers(since) else Presence.NO
    if known is None:
        return Presence.NO if symbol in VENDOR or FAMILY.search(symbol) else Presence.UNKNOWN
    # Between two recorded releases of which only one has it, the release in question may or may not.
    older = [one for one in releases() if _numbers(one) <= _numbers(version)][-1:]
    newer = [one for one in releases() if _numbers(one) >= _numbers(version)][:1]
    if not older:
        return Presence.UNKNOWN
    seen = {one in known.releases for one in (*older, *newer)}
    if seen == {True}:
        return Presence.YES
    return Presence.NO if seen == {False} else Presence.UNKNOWN


def missing(symbol: str, version: str) -> str:
    """Why the mainline release `version` lacks a symbol, "" where it has it or where that is not known."""
    if in_mainline(symbol, version) is not Presence.NO:
        return ""
    if symbol in VENDOR:
        only = VENDOR[symbol]
        instead = f"; mainline has {only.instead}" if only.instead else ""
        return f"{symbol} exists in no mainline kernel, only in Rockchip's own trees ({only.source}){instead}"
    told = first_release(symbol)
    if told:
        return f"{symbol} is {told}"
    return f"no kernel has a symbol {symbol}: it is in none of the mainline releases {', '.join(releases())}"


def first_release(symbol: str) -> str:
    """Which mainline releases have a symbol, in words; "" where none has it."""
    if symbol in SINCE:
        return f"first in Linux {SINCE[symbol]}"
    known = mainline().get(symbol)
    if known is None:
        return ""
    gone = [one for one in releases() if one not in known.releases]
    return f"in Linux {', '.join(known.releases)}" + (f" and not in {', '.join(gone)}" if gone else "")


def is_boolean(symbol: str) -> bool:
    """Whether a symbol is y or n and never m, as far as the record tells."""
    known = mainline().get(symbol)
    return known is not None and known.kind == "bool"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
