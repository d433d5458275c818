"""The devices an RK3588 board shows to udev, as far as rules can ask for them, and which other boards lack.

Paths, subsystems and driver names are those seen on boards with each driver: the vendor driver binds the
platform device `fdab0000.npu` as `RKNPU`; built for DMA heaps it adds a misc device without a parent, built
for DRM a card and a render node below the platform device. Mainline's `rocket` hangs accel0 below a platform
device `rknn` that no driver binds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Parent:
    """A device further up, as KERNELS, SUBSYSTEMS and DRIVERS see it."""

    kernel: str
    subsystem: str
    driver: str


@dataclass(frozen=True)
class Device:
    """A device as a rule sees it. `npu` is the stack whose NPU it belongs to, "" for any other device.

    `group` and `mode` are what the kernel and systemd's own rules (50-udev-default) give it; `has_defaults` whether
    those rules speak of it, and so undo what an earlier file set.
    """

    title: str
    node: str
    kernel: str
    subsystem: str
    devpath: str
    npu: str = ""
    driver: str = ""
    parents: tuple[Parent, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    group: str = "root"
    mode: int = 0o600
    has_defaults: bool = False


_VENDOR_NPU = Parent("fdab0000.npu", "platform", "RKNPU")
_GPU = Parent("fb000000.gpu", "platform", "panthor")
_RKNN = Parent("rknn", "platform", "")


def _drm(kernel: str, parent: Parent, npu: str, title: str) -> Device:
    is_render = kernel.startswith("render")
    return Device(
        title=title,
        node=f"/dev/dri/{kernel}",
        kernel=kernel,
        subsystem="drm",
        devpath=f"/devices/platform/{parent.kernel}/drm/{kernel}",
        npu=npu,
        parents=(parent,),
        env={"DEVTYPE": "drm_minor", "DEVNAME": f"/dev/dri/{kernel}", "SUBSYSTEM": "drm"},
        group="render" if is_render else "video",
        mode=0o666 if is_render else 0o660,
        has_defaults=True,
    )


def _misc(name: str, npu: str = "", title: str = "") -> Device:
    return Device(
        title=title or f"the misc device {name}",
        node=f"/dev/{name}",
        kernel=name,
        subsystem="misc",
        devpath=f"/devices/virtual/misc/{name}",
        npu=npu,
        env={"DEVNAME": f"/dev/{name}", "SUBSYSTEM": "misc"},
    )


VENDOR_MISC = _misc("rknpu", "vendor", "/dev/rknpu of a driver built for DMA heaps")
VENDOR_RENDER = tuple(
    _drm(f"renderD{number}", _VENDOR_NPU, "vendor", "the NPU's render node of a driver built for DRM")
    for number in (128, 129)
)
"""The number depends on whether the GPU or the NPU probes first."""
VENDOR_CARD = tuple(
    _drm(f"card{number}", _VENDOR_NPU, "vendor", "the NPU's card node of a driver built for DRM") for number in (0, 1)
)
"""What the runtime opens of a driver built for DRM (1.5.2, ran): by libdrm, which looks among cards only."""

MAINLINE_ACCEL = Device(
    title="accel0 of the mainline driver",
    node="/dev/accel/accel0",
    kernel="accel0",
    subsystem="accel",
    devpath="/devices/platform/rknn/accel/accel0",
    npu="mainline",
    parents=(_RKNN,),
    env={"DEVTYPE": "accel_minor", "DEVNAME": "/dev/accel/accel0", "SUBSYSTEM": "accel"},
    group="render",
    mode=0o666,
    has_defaults=True,
)

OTHER_DEVICES = (
    *(_drm(f"renderD{number}", _GPU, "", "the GPU's render node") for number in (128, 129)),
    _drm("card0", Parent("display-subsystem", "platform", "rockchip-drm"), "", "the display's card node"),
    _misc("uinput"),
    _misc("loop-control"),
    Device(
        title="the disk",
        node="/dev/mmcblk0",
        kernel="mmcblk0",
        subsystem="block",
        devpath="/devices/platform/fe2e0000.mmc/mmc_host/mmc0/mmc0:0001/block/mmcblk0",
        parents=(Parent("mmc0:0001", "mmc", "mmcblk"), Parent("fe2e0000.mmc", "platform", "sdhci-dwcmshc")),
        env={"DEVTYPE": "disk", "DEVNAME": "/dev/mmcblk0", "SUBSYSTEM": "block"},
        group="disk",
        mode=0o660,
    ),
    Device(
        title="kernel memory",
        node="/dev/mem",
        kernel="mem",
        subsystem="mem",
        devpath="/devices/virtual/mem/mem",
        env={"DEVNAME": "/dev/mem", "SUBSYSTEM": "mem"},
        group="kmem",
        mode=0o640,
    ),
)
"""Devices a rule for the NPU has no business with."""

NPU_DEVICES: Mapping[str, tuple[Device, ...]] = {
    "vendor": (VENDOR_MISC, *VENDOR_CARD, *VENDOR_RENDER),
    "mainline": (MAINLINE_ACCEL,),
}
