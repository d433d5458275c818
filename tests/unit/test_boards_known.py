"""Boards: those of Linux's device trees, found by name and by tree."""

from __future__ import annotations

import pytest

from rknn_validation.npu import devicetrees
from rknn_validation.npu.boards import BOARDS, RK3588_BOARDS, board_of_dtb, named

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("dtb", "name", "is_rk3588"),
    [
        ("rockchip/rk3588-rock-5b.dtb", "rock-5b", True),
        ("rockchip/rk3588-orangepi-5-plus.dtb", "orangepi-5-plus", True),
        ("rk3588s-orangepi-5.dtb", "orangepi-5", True),
        ("rockchip/rk3588-evb1-v10.dtb", "evb1-v10", True),
        ("rockchip/rk3588s-evb1-v10.dtb", "rk3588s-evb1-v10", True),
        ("rockchip/rk3588-blade3-v101-linux.dtb", "rk3588-blade3-v101-linux", True),
        ("rockchip/rk3568-odroid-m1.dtb", "rk3568-odroid-m1", False),
        ("rockchip/rk3576-rock-4d.dtb", "rk3576-rock-4d", False),
        ("rockchip/rk3582-radxa-e52c.dtb", "rk3582-radxa-e52c", False),
        ("rockchip/rk3568-of-nobody.dtb", "rk3568-of-nobody", False),
        ("broadcom/bcm2711-rpi-4-b.dtb", "raspberrypi-4-b", False),
        ("broadcom/bcm2712-rpi-5-b.dtb", "bcm2712-rpi-5-b", False),
    ],
)
def test_a_device_tree_name_gives_the_board(dtb: str, name: str, is_rk3588: bool) -> None:
    """Trees of vendors' kernels are known by their SoC alone, and found again by name."""
    board = board_of_dtb(dtb)
    assert board is not None
    assert (board.name, board.is_rk3588) == (name, is_rk3588)
    assert named(board.name) == board


def test_a_device_tree_of_an_unknown_soc_gives_no_board() -> None:
    assert board_of_dtb("allwinner/sun50i-a64-pinebook.dtb") is None
    with pytest.raises(KeyError):
        named("sun50i-a64-pinebook")


def test_every_rk3588_tree_of_linux_is_a_board() -> None:
    """All 51 of 7.2, those of 7.3 besides; what is no RK3588 has none of its compatibles, or says RK3582 first."""
    assert len(devicetrees.recorded()["7.2.13"]) == 51
    assert {devicetrees.name_of(board.dtb) for board in RK3588_BOARDS} == {
        name for release in devicetrees.recorded().values() for name in release
    }
    assert not BOARDS["virt"].is_rk3588
    assert not BOARDS["generic-x86_64"].can_be_emulated


@pytest.mark.parametrize(
    ("tree", "release", "enabled"),
    [
        ("rk3588-rock-5b", "6.17.8", False),
        ("rk3588-rock-5b", "6.18", True),
        ("rk3588-rock-5b", "6.18.20", True),
        ("rk3588-rock-5b", "7.5", True),
        ("rk3588-jaguar", "6.18.12", False),
        ("rk3588-jaguar", "7.0.3", None),
        ("rk3588-jaguar", "7.2.13", True),
        ("rk3588-roc-rt", "7.3.4", False),
        ("rk3588-roc-rt", "7.0", False),
        ("rk3588s-orangepi-5-pro", "7.2", None),
        ("rk3588-of-a-vendor", "7.2", None),
    ],
)
def test_whether_a_tree_enables_the_npu(tree: str, release: str, enabled: bool | None) -> None:
    """Between two recorded releases that differ it is not known."""
    assert devicetrees.enables_npu(tree, release) is enabled
