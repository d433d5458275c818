"""Machine identities: what a board's device tree says about itself.

Identities are those of the boards' own device trees as Debian's arm64 kernel packages ship them
(`/usr/lib/linux-image-*/<dtb>`); `virt` is what QEMU's generated tree says.
"""

from __future__ import annotations

from dataclasses import dataclass

RK3588_COMPATIBLES = frozenset({"rockchip,rk3588", "rockchip,rk3588s"})
"""Root `compatible` strings of SoCs that carry the RK3588 NPU."""


@dataclass(frozen=True)
class Board:
    """A machine identity: root `compatible` strings (most specific first), `model`, DTB path under `dtbs/`."""

    name: str
    model: str
    compatible: tuple[str, ...]
    dtb: str

    @property
    def is_rk3588(self) -> bool:
        """Whether the board has the NPU this project is about."""
        return not RK3588_COMPATIBLES.isdisjoint(self.compatible)


BOARDS: dict[str, Board] = {
    board.name: board
    for board in (
        Board(
            "orangepi-5-plus",
            "Xunlong Orange Pi 5 Plus",
            ("xunlong,orangepi-5-plus", "rockchip,rk3588"),
            "rockchip/rk3588-orangepi-5-plus.dtb",
        ),
        Board("rock-5b", "Radxa ROCK 5B", ("radxa,rock-5b", "rockchip,rk3588"), "rockchip/rk3588-rock-5b.dtb"),
        Board(
            "raspberrypi-4-b",
            "Raspberry Pi 4 Model B",
            ("raspberrypi,4-model-b", "brcm,bcm2711"),
            "broadcom/bcm2711-rpi-4-b.dtb",
        ),
        Board("virt", "linux,dummy-virt", ("linux,dummy-virt",), ""),
    )
}
"""All boards the harness can emulate, by name."""
