"""The drivers of emulated boards: real uevents, real autoloading; the simulated one answers like the real thing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from rknn_validation.machine.emulator import Machine
from rknn_validation.npu.stacks import MAINLINE, VENDOR

pytestmark = pytest.mark.vm

IOCTL = """
import fcntl, struct, sys
descriptor = open("/dev/rknpu", "rb+", buffering=0)
for request, flags, size in (
    (0xC0087200, 0, 8), (0xC0087200, 1, 8), (0xC0087200, 18, 8), (0xC0087200, 99, 8),
    (0xC0107200, 0, 16), (0xC0687201, 0, 0x68), (0xC0086440, 0, 8),
):
    data = bytearray(struct.pack("<II", flags, 0xDEAD).ljust(size, b"\\0"))
    try:
        fcntl.ioctl(descriptor, request, data)
        print(struct.unpack_from("<II", data)[1])
    except OSError as problem:
        print(problem.errno)
"""


def said(machine: Machine, command: str, stdin: bytes = b"") -> str:
    done = machine.run(command, stdin=stdin)
    assert done.rc == 0, f"{command}: {done.stderr.decode()}"
    return done.stdout.decode()


def properties(machine: Machine, device: str) -> set[str]:
    return set(said(machine, f"udevadm info --query=property --name={device}").splitlines())


def test_vendor_node_comes_by_itself(vendor: Machine) -> None:
    """udev loads the module by its modalias; a misc device appears, root's alone until a rule says otherwise."""
    assert said(vendor, "stat -c '%F %t %a %U %G' /dev/rknpu") == "character special file a 600 root root\n"
    assert {"SUBSYSTEM=misc", "DEVNAME=/dev/rknpu", "MAJOR=10"} <= properties(vendor, "/dev/rknpu")
    assert said(vendor, "cat /sys/class/misc/rknpu/device/uevent").splitlines()[:2] == [
        "DRIVER=RKNPU",
        "OF_NAME=npu",
    ]
    assert said(vendor, "lsmod | grep -cE '^(rknpu|rocket) '") == "1\n"


def test_vendor_node_answers_like_the_driver(vendor: Machine) -> None:
    """Versions as from silicon and driver 0.9.8; EINVAL (22) for what the driver does not know, sizes included."""
    expected = [0x46495245, 908, 1, 22, 22, 19, 22]
    assert [int(line) for line in said(vendor, "python3 -", IOCTL.encode()).split()] == expected


def test_vendor_status_files(vendor: Machine) -> None:
    for directory in ("/sys/kernel/debug/rknpu", "/proc/rknpu"):
        assert said(vendor, f"cat {directory}/version") == "RKNPU driver: v0.9.8\n"
        assert said(vendor, f"cat {directory}/load").startswith("NPU load:  Core0:  0%, Core1:")
    assert said(vendor, "cat /sys/module/rknpu/version") == "0.9.8\n"


def test_mainline_node_comes_by_itself(mainline: Machine) -> None:
    """Character device 261:0 of class accel below the platform device rknn; it opens."""
    assert said(mainline, "stat -c '%F %t:%T %a' /dev/accel/accel0") == "character special file 105:0 666\n"
    assert {"SUBSYSTEM=accel", "DEVNAME=/dev/accel/accel0"} <= properties(mainline, "/dev/accel/accel0")
    assert said(mainline, "readlink -f /sys/class/accel/accel0/device") == "/sys/devices/platform/rknn\n"
    assert said(mainline, "python3 -c 'import os; print(os.open(\"/dev/accel/accel0\", os.O_RDWR) > 2)'") == "True\n"
    assert said(mainline, "lsmod | grep -cE '^(rknpu|rocket) '") == "1\n"


def test_the_simulated_one_says_so(vendor: Machine) -> None:
    """In the kernel log and in modinfo, so that no report mistakes it for the real thing."""
    assert said(vendor, "dmesg | grep -cE 'rknpu.*\\(simulated\\)'") == "1\n"
    assert "Simulated" in said(vendor, "modinfo -F description rknpu")


def test_mainlines_is_linuxs_own(mainline: Machine) -> None:
    """It finds three cores that say what silicon says, behind three MMUs."""
    assert "Tomeu Vizoso" in said(mainline, "modinfo -F author rocket")
    assert said(mainline, "dmesg | grep -c 'Rockchip NPU core . version: 1179210309'") == "3\n"
    assert said(mainline, "ls /sys/class/iommu") == "fdab9000.iommu\nfdaca000.iommu\nfdada000.iommu\n"


@pytest.mark.parametrize(("stack", "device"), [(VENDOR, "/dev/rknpu"), (MAINLINE, "/dev/accel/accel0")])
def test_rules_apply_on_the_next_uevent(
    stack: object, device: str, restored: Callable[..., AbstractContextManager[Machine]]
) -> None:
    """A rule written now takes effect when the driver is bound again, by real udevd on a real uevent."""
    match = 'SUBSYSTEM=="misc", KERNEL=="rknpu"' if stack is VENDOR else 'SUBSYSTEM=="accel", KERNELS=="rknn"'
    rule = f'{match}, GROUP="render", MODE="0660"\n'
    module = VENDOR.module if stack is VENDOR else MAINLINE.module
    with restored("orangepi-5-plus", stack) as machine:
        said(machine, "cat >/etc/udev/rules.d/60-npu.rules && udevadm control --reload", rule.encode())
        said(machine, f"modprobe -r {module} && ! [ -e {device} ]")
        said(machine, f"modprobe {module} && udevadm settle --timeout=10")
        assert said(machine, f"stat -c '%a %G' {device}") == "660 render\n"


def test_no_driver_without_nodes(restored: Callable[..., AbstractContextManager[Machine]]) -> None:
    """A board that is not an RK3588 loads neither module, though both are installed."""
    with restored("raspberrypi-4-b", VENDOR) as machine:
        assert said(machine, "ls /lib/modules/$(uname -r)/updates") == "rknpu.ko\nrocket.ko\n"
        assert said(machine, "lsmod | grep -cE '^(rknpu|rocket) ' || true") == "0\n"
        assert said(machine, "systemctl is-system-running") == "running\n"
