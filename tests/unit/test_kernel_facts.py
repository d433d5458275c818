"""The kernel fact base: what is recorded, what is known more exactly, what is unknown."""

from __future__ import annotations

import pytest

from rknn_validation.npu import kernels, symbols
from rknn_validation.npu.symbols import Presence

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("symbol", "version", "presence"),
    [
        ("ROCKCHIP_RKNPU", "6.1.115", Presence.NO),
        ("ROCKCHIP_RKNPU", "7.2", Presence.NO),
        ("DRM_ACCEL_ROCKET", "6.17.13", Presence.NO),
        ("DRM_ACCEL_ROCKET", "6.18", Presence.YES),
        ("DRM_ACCEL_ROCKET", "7.1-rc4", Presence.YES),
        ("DRM_ACCEL", "6.1.164", Presence.NO),
        ("DRM_ACCEL", "6.6.127", Presence.YES),
        ("ROCKCHIP_IOMMU", "6.18", Presence.YES),
        ("ROCKCHIP_PVTM", "6.18", Presence.NO),
        ("ROCKCHIP_NPU", "6.18", Presence.NO),
        ("DMABUF_SYSFS_STATS", "6.12.74", Presence.YES),
        ("DMABUF_SYSFS_STATS", "6.18", Presence.UNKNOWN),
        ("DMABUF_SYSFS_STATS", "7.3.4", Presence.NO),
        ("ROCKCHIP_IOMMU", "5.10.251", Presence.UNKNOWN),
        ("EXT4_FS", "6.18", Presence.UNKNOWN),
    ],
)
def test_presence_in_mainline(symbol: str, version: str, presence: Presence) -> None:
    assert symbols.in_mainline(symbol, version) is presence
    assert bool(symbols.missing(symbol, version)) is (presence is Presence.NO)


def test_vendor_symbols_are_in_no_recorded_release() -> None:
    assert not symbols.VENDOR.keys() & symbols.mainline().keys()
    assert all(one.source for one in symbols.VENDOR.values())


def test_exact_releases_agree_with_the_record() -> None:
    for symbol, since in symbols.SINCE.items():
        recorded = symbols.mainline()[symbol].releases
        expected = tuple(one for one in symbols.releases() if kernels.at_least(one, since))
        assert recorded == expected, symbol


def test_the_record_holds_only_its_families_of_symbols() -> None:
    assert all(symbols.FAMILY.search(name) for name in symbols.mainline())
    assert symbols.is_boolean("DRM_ACCEL") and not symbols.is_boolean("DRM_ACCEL_ROCKET")


@pytest.mark.parametrize(
    ("names", "vendor"),
    [
        (("linux", "6.1.115-rockchip"), True),
        (("linux-rk35xx", "6.1.115"), True),
        (("linux", "6.1.99-rkr7.1"), True),
        (("linux", "5.10.110", "https://github.com/orangepi-xunlong/linux-orangepi"), True),
        (("linux", "6.18.22"), False),
        (("linux-rockchip-mainline", "6.18.0"), False),
        (("linux-collabora-rk3588", "6.16.0"), False),
        ((None, ""), False),
    ],
)
def test_the_origin_of_a_kernel_is_recognised(names: tuple[str | None, ...], vendor: bool) -> None:
    assert kernels.looks_like_vendor_kernel(*names) is vendor
