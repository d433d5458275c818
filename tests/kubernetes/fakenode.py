"""A node's /sys, /dev and kubelet directory in a folder, and the driver as a process on it.

The devnodes are real character devices (Linux's null device), so that they open; it takes root to make them.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

SRC = Path(__file__).resolve().parents[2] / "kubernetes" / "npu-driver" / "src"
SECONDS = 15.0
NULL = (1, 3)


class FakeNode:
    """An Orange Pi 5 Plus, unless `compatible` says otherwise, whose NPU no driver has bound yet."""

    def __init__(
        self, compatible: str = "xunlong,orangepi-5-plus\0rockchip,rk3588\0", model: str = "Orange Pi 5 Plus"
    ) -> None:
        # Not pytest's folder: the path of a Unix socket has 108 bytes.
        self.root = Path(tempfile.mkdtemp(prefix="npu-"))
        self.sys, self.dev, self.kubelet = self.root / "sys", self.root / "dev", self.root / "kubelet"
        base = self.sys / "firmware/devicetree/base"
        base.mkdir(parents=True)
        (base / "compatible").write_text(compatible)
        (base / "model").write_text(f"{model}\0")
        self.dev.mkdir()
        self.drivers: list[Driver] = []

    def __enter__(self) -> FakeNode:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for driver in self.drivers:
            driver.kill()
        shutil.rmtree(self.root)

    def device(self, kind: str, name: str, devnode: str, parent: str = "", driver: str = "") -> None:
        """A device of a class, such as misc/rknpu, with its devnode below /dev."""
        folder = self.sys / "class" / kind / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "dev").write_text(f"{NULL[0]}:{NULL[1]}\n")
        (folder / "uevent").write_text(f"MAJOR={NULL[0]}\nMINOR={NULL[1]}\nDEVNAME={devnode}\n")
        if parent:
            below = self.sys / "devices/platform" / parent
            below.mkdir(parents=True, exist_ok=True)
            (folder / "device").symlink_to(below)
            if driver:
                bound = self.sys / "bus/platform/drivers" / driver
                bound.mkdir(parents=True, exist_ok=True)
                (below / "driver").symlink_to(bound)
        path = self.dev / devnode
        path.parent.mkdir(parents=True, exist_ok=True)
        os.mknod(path, 0o660 | stat.S_IFCHR, os.makedev(*NULL))
        os.chown(path, 0, 303)

    def vendor_misc(self) -> None:
        """What the vendor's driver makes when it is built for DMA heaps."""
        self.device("misc", "rknpu", "rknpu")

    def vendor_drm(self, number: int = 1) -> None:
        """What the vendor's driver makes when it is built for DRM, beside a display of another driver."""
        self.device("drm", "card0", "dri/card0", "display-subsystem", "rockchip-drm")
        self.device("drm", f"card{number}", f"dri/card{number}", "fdab0000.npu", "RKNPU")
        self.device("drm", f"renderD{128 + number}", f"dri/renderD{128 + number}")
        (self.sys / "class/drm" / f"renderD{128 + number}" / "device").symlink_to(
            self.sys / "devices/platform/fdab0000.npu"
        )

    def mainline(self, cores: int = 3) -> None:
        """What rocket makes: one accel node for all cores."""
        self.device("accel", "accel0", "accel/accel0", "rknn")
        for core in range(cores):
            bound = self.sys / "bus/platform/drivers/rocket" / f"fda{'bcd'[core]}0000.npu"
            (bound / "of_node").mkdir(parents=True)
            (bound / "of_node/compatible").write_text("rockchip,rk3588-rknn-core\0")

    def file(self, path: str, text: str) -> None:
        """A file of the node."""
        (self.root / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path.lstrip("/")).write_text(text)

    def link(self, path: str, target: str) -> None:
        """A link of the node, to a path as the node names it."""
        (self.root / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path.lstrip("/")).symlink_to(target)

    def remove(self, devnode: str, *classes: str) -> None:
        """What happens when the driver is unloaded."""
        (self.dev / devnode).unlink()
        for one in classes:
            shutil.rmtree(self.sys / "class" / one)

    def kubeconfig(self, url: str) -> Path:
        """A kubeconfig that leads to an address."""
        path = self.root / "kubeconfig"
        config = {
            "current-context": "node",
            "contexts": [{"name": "node", "context": {"cluster": "it", "user": "it"}}],
            "clusters": [{"name": "it", "cluster": {"server": url}}],
            "users": [{"name": "it", "user": {}}],
        }
        path.write_text(json.dumps(config))
        return path

    def driver(self, *arguments: str) -> Driver:
        """Start the driver on this node."""
        driver = Driver(self, arguments)
        self.drivers.append(driver)
        return driver

    @property
    def specs(self) -> list[dict[str, object]]:
        """The CDI specs there are."""
        return [json.loads(path.read_text()) for path in sorted((self.root / "cdi").glob("*.json"))]


class Driver:
    """The driver's process."""

    def __init__(self, node: FakeNode, arguments: tuple[str, ...]) -> None:
        self.log = node.root / f"driver-{len(node.drivers)}.log"
        folders = {
            "sys": node.sys,
            "dev": node.dev,
            "kubelet": node.kubelet,
            "cdi-folder": node.root / "cdi",
            "files": node.root,
        }
        words = [f"--{name}={path}" for name, path in folders.items()]
        words += [f"--device-plugins={node.kubelet / 'device-plugins'}", "--interval=0.1", *arguments]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rknn_npu_driver", *words],
                env={**os.environ, "PYTHONPATH": str(SRC)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """End it as the kernel ends a process that takes too much memory."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """End it as systemd and kubelet do; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=SECONDS)

    def ended(self) -> tuple[int, str]:
        """Its exit status and what it said, once it has ended by itself."""
        return self.process.wait(timeout=SECONDS), self.log.read_text()


def until(what: str, condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait until a condition holds. For states that nobody is notified of: files of another process."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not come within {seconds:g} s"
        time.sleep(0.02)
