"""What mainline's device trees of RK3588 boards say of the NPU, by the name of the tree.

Since Linux 6.18 each of them has the three rknn-core nodes and their MMUs, disabled; a board's own tree enables them.
Read in the compiled trees of 7.2.13. For 6.18: the ROCK 5B family's tree of 6.18.y, and the maintainer's word that he
applied the others' changes in August 2025; for 7.0: changes dated January 2026, after 6.19 was closed.
The module's own copy of these facts is nixos/modules/nixos/rknn/trees.nix.
"""

from __future__ import annotations

ENABLED_SINCE: dict[str, tuple[str, ...]] = {
    "6.18": (
        "rk3588-jaguar",
        "rk3588-orangepi-5-max",
        "rk3588-orangepi-5-plus",
        "rk3588-orangepi-5-ultra",
        "rk3588-rock-5b",
        "rk3588-rock-5b-plus",
        "rk3588-rock-5t",
        "rk3588s-orangepi-5",
        "rk3588s-orangepi-5b",
    ),
    "7.0": (
        "rk3588-friendlyelec-cm3588-nas",
        "rk3588-nanopc-t6",
        "rk3588-nanopc-t6-lts",
        "rk3588-turing-rk1",
    ),
}
"""Release -> the trees that enable the NPU since then."""

ENABLED_IN: dict[str, tuple[str, ...]] = {
    "7.2": (
        "rk3588-quartzpro64",
        "rk3588-rock-5-itx",
        "rk3588-tiger-haikou",
        "rk3588s-gameforce-ace",
        "rk3588s-indiedroid-nova",
        "rk3588s-nanopi-r6c",
        "rk3588s-nanopi-r6s",
    ),
}
"""Release -> the trees that enable the NPU there; what earlier ones do is not known here."""

DISABLED = frozenset(
    {
        "rk3588-armsom-sige7",
        "rk3588-armsom-w3",
        "rk3588-coolpi-cm5-evb",
        "rk3588-coolpi-cm5-genbook",
        "rk3588-edgeble-neu6a-io",
        "rk3588-edgeble-neu6b-io",
        "rk3588-evb1-v10",
        "rk3588-evb2-v10",
        "rk3588-firefly-itx-3588j",
        "rk3588-h96-max-v58",
        "rk3588-mnt-reform2",
        "rk3588-ok3588-c",
        "rk3588-roc-rt",
        "rk3588-toybrick-x0",
        "rk3588s-coolpi-4b",
        "rk3588s-evb1-v10",
        "rk3588s-khadas-edge2",
        "rk3588s-odroid-m2",
        "rk3588s-orangepi-cm5-base",
        "rk3588s-radxa-cm5-io",
        "rk3588s-roc-pc",
        "rk3588s-rock-5a",
        "rk3588s-rock-5c",
    }
)
"""The trees that leave the NPU disabled in 7.2."""


def name_of(dtb: str) -> str:
    """`rk3588-rock-5b` for `rockchip/rk3588-rock-5b.dtb`."""
    return dtb.rsplit("/", 1)[-1].removesuffix(".dtb")
