"""Finds the NPU of this machine: its devnodes, their stack and flavour, board and versions. No minor number is assumed.

Sources: Linux drivers/accel/rocket; w568w/rknpu-module (driver 0.9.8); the vendor's runtime 1.5.2, which opens
/dev/rknpu, else the card whose driver is called rknpu.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import re
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VENDOR_DRIVER, MAINLINE_DRIVER = "rknpu", "rocket"
CORE_COMPATIBLE = "rockchip,rk3588-rknn-core"
"""Compatible string of a core in the mainline device tree."""

_DRM_VERSION = 0xC0406400
_VENDOR_ACTION_MISC, _VENDOR_ACTION_DRM = 0xC0087200, 0xC0086440
_GET_DRIVER_VERSION = 1
_MISC_MAJOR = 10
_RUNTIME_VERSION = re.compile(rb"librknnrt version: (\d+\.\d+\.\d+)")


@dataclass(frozen=True)
class Devnode:
    """A device node that a client opens. `gid` and `mode` are those on the host."""

    path: str
    major: int
    minor: int
    gid: int
    mode: int


@dataclass(frozen=True)
class Npu:
    """One NPU. `nodes` are all its clients need, the first is the one to open; versions are "" where unknown."""

    name: str
    stack: str
    flavour: str
    nodes: tuple[Devnode, ...]
    cores: int
    driver_version: str = ""


@dataclass(frozen=True)
class Machine:
    """What the device tree says: `compatible` strings, most specific first, and the model."""

    compatible: tuple[str, ...]
    model: str

    @property
    def board(self) -> str:
        """The board's own compatible string: `xunlong,orangepi-5-plus`."""
        return self.compatible[0] if self.compatible else ""

    @property
    def soc(self) -> str:
        """`rk3588` or `rk3588s`; "" on another machine."""
        names = (one.partition(",")[2] for one in self.compatible if one.startswith("rockchip,"))
        return next((name for name in names if name in ("rk3588", "rk3588s")), "")


@dataclass(frozen=True)
class Roots:
    """Where the node's /sys, /dev and other files are: in a container they are mounted somewhere else."""

    sys: Path = Path("/sys")
    dev: Path = Path("/dev")
    files: Path = Path("/")

    def resolve(self, path: Path) -> Path:
        """A file of the node as it names it, with links followed there. Raises FileNotFoundError, OSError on a loop."""
        for _ in range(40):
            inwards = reversed([path, *path.parents[:-1]])
            link = next((one for one in inwards if self.here(one).is_symlink()), None)
            if link is None:
                break
            target = Path(os.path.normpath(link.parent / self.here(link).readlink()))
            path = target / path.relative_to(link)
        if not self.here(path).exists():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return path

    def here(self, path: Path) -> Path:
        """Where this process finds a file of the node."""
        return self.files / path.relative_to("/")


def machine(roots: Roots) -> Machine:
    """What the device tree says of this machine; empty where there is none."""
    base = roots.sys / "firmware/devicetree/base"
    compatible = tuple(word for word in _text(base / "compatible").split("\0") if word)
    return Machine(compatible, _text(base / "model").strip("\0 \n"))


def discover(roots: Roots) -> tuple[Npu, ...]:
    """The NPUs that drivers offer now: none, or one, for an RK3588 has one, under one driver."""
    return tuple(found for found in (_vendor(roots), _mainline(roots)) if found is not None)[:1]


def _vendor(roots: Roots) -> Npu | None:
    misc = roots.sys / "class/misc/rknpu"
    drm = [device for device in _devices(roots, "drm") if _driver(device) == VENDOR_DRIVER]
    if misc.exists():
        nodes, flavour = _nodes(roots, [misc, *_devices(roots, "dma_heap")]), "misc"
    else:
        # The runtime opens the card; the render node goes with it for clients that know better.
        nodes, flavour = _nodes(roots, sorted(drm, key=lambda device: not device.name.startswith("card"))), "drm"
    if not nodes:
        return None
    return Npu("npu-0", "vendor", flavour, nodes, cores=3, driver_version=driver_version(nodes[0], roots))


def _mainline(roots: Roots) -> Npu | None:
    accel = [device for device in _devices(roots, "accel") if _is_rocket(device)]
    nodes = _nodes(roots, accel)
    if not nodes:
        return None
    bound = roots.sys / "bus/platform/drivers" / MAINLINE_DRIVER
    cores = sum(1 for one in _children(bound) if CORE_COMPATIBLE in _text(one / "of_node/compatible"))
    return Npu("npu-0", "mainline", "accel", nodes, cores, driver_version(nodes[0], roots))


def _is_rocket(device: Path) -> bool:
    # The accel device hangs below a platform device of its own, `rknn`, which no driver is bound to.
    return _driver(device) == MAINLINE_DRIVER or (device / "device").resolve().name == "rknn"


def _devices(roots: Roots, kind: str) -> list[Path]:
    return [device for device in _children(roots.sys / "class" / kind) if (device / "dev").exists()]


def _driver(device: Path) -> str:
    driver = device / "device/driver"
    return driver.resolve().name.lower() if driver.exists() else ""


def _nodes(roots: Roots, devices: list[Path]) -> tuple[Devnode, ...]:
    return tuple(node for device in devices for node in _node(roots, device))


def _node(roots: Roots, device: Path) -> Iterator[Devnode]:
    """The devnode of a device, where udev has made it already and it is that device's."""
    name = re.search(r"^DEVNAME=(.+)$", _text(device / "uevent"), re.MULTILINE)
    with contextlib.suppress(OSError):
        found = (roots.dev / (name[1] if name else device.name)).lstat()
        major, minor = os.major(found.st_rdev), os.minor(found.st_rdev)
        if stat.S_ISCHR(found.st_mode) and _text(device / "dev").strip() == f"{major}:{minor}":
            path = f"/dev/{name[1] if name else device.name}"
            yield Devnode(path, major, minor, found.st_gid, stat.S_IMODE(found.st_mode))


def opened(node: Devnode, roots: Roots) -> OSError | None:
    """Why a devnode cannot be opened, None where it can.

    To look at it is not enough: with an MMU missing in the device tree, the mainline driver refuses at open().
    """
    try:
        os.close(os.open(_host_path(node, roots), os.O_RDWR | os.O_CLOEXEC))
    except OSError as problem:
        return problem
    return None


def driver_version(node: Devnode, roots: Roots) -> str:
    """The release of the driver behind a devnode as it tells a client; "" where it cannot be asked."""
    try:
        descriptor = os.open(_host_path(node, roots), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        if node.major != _MISC_MAJOR:
            return _drm_version(descriptor)
        answer = bytearray(struct.pack("<II", _GET_DRIVER_VERSION, 0))
        fcntl.ioctl(descriptor, _VENDOR_ACTION_MISC, answer)
        number = struct.unpack("<II", answer)[1]  # 908 is 0.9.8
        return f"{number // 10000}.{number // 100 % 100}.{number % 100}"
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def _drm_version(descriptor: int) -> str:
    # struct drm_version: three ints, then three pairs of length and pointer, all zero here.
    answer = bytearray(64)
    fcntl.ioctl(descriptor, _DRM_VERSION, answer)
    major, minor, patch = struct.unpack_from("<iii", answer)
    return f"{major}.{minor}.{patch}"


def runtime_version(library: Path) -> str:
    """The release of a librknnrt.so, which it carries as text; "" where it cannot be read."""
    try:
        with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            found = _RUNTIME_VERSION.search(content)
            return found[1].decode() if found else ""
    except (OSError, ValueError):
        return ""


def _host_path(node: Devnode, roots: Roots) -> Path:
    return roots.dev / node.path.removeprefix("/dev/")


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
