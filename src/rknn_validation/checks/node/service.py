"""The devnode as a service's user gets it, and the driver's answers."""

from __future__ import annotations

from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed, skipped
from rknn_validation.checks.node.device import FoundDevnode, devnode_check
from rknn_validation.checks.node.registry import HARDWARE_CHECKS, NodeUnderTest, Ran
from rknn_validation.npu.stacks import MAINLINE

HARDWARE_VERSION = 0x46495245
"""The hardware version of RK3588's NPU; both drivers read the same register."""
NOT_THE_NPU = 0xFFFFFFFF
NO_SUCH_USER = 217
"""systemd's exit status where a unit's user does not exist."""

_OPEN = 'systemd-run --quiet --wait --pipe --collect %s "$(command -v sh)" -c \'exec 3<>"$0"\' %s'
# ACTION of the vendor driver (misc and DRM differ in the number), DRM_IOCTL_VERSION of mainline's.
_ASK = """\
import ctypes, fcntl, os, struct, sys
node = os.open(sys.argv[1], os.O_RDWR)
if sys.argv[2] == "mainline":
    name = ctypes.create_string_buffer(64)
    data = struct.pack("3i4x6Q", 0, 0, 0, 63, ctypes.addressof(name), 0, 0, 0, 0)
    fcntl.ioctl(node, 0xC0406400, bytearray(data))
    print("driver-name", name.value.decode())
else:
    request = 0xC0087200 if os.major(os.fstat(node).st_rdev) == 10 else 0xC0086440
    for what, flags in (("hardware-version", 0), ("driver-version", 1), ("iommu", 18)):
        data = bytearray(struct.pack("2I", flags, 0))
        try:
            fcntl.ioctl(node, request, data)
            print(what, struct.unpack("2I", data)[1])
        except OSError as error:
            print(what, "refused:", error.strerror)
"""


@devnode_check(
    "access.service-user-opens",
    "The inference service's user can open the devnode",
    remedy='Set SupplementaryGroups = [ "render" ] on the service, or name it in hardware.rknn.services.',
    registry=HARDWARE_CHECKS,
)
def service_user_opens(node: NodeUnderTest, devnode: FoundDevnode) -> Answer:
    """A transient service opens it, as the inventory's `service_user` or as a dynamic user in the devnode's group."""
    user = node.expectation.service_user
    setting = f"--property=User={user}" if user else f"--property=SupplementaryGroups={devnode.group}"
    ran = node.run(
        _OPEN.replace("%s", "--property=DynamicUser=yes %s", 1) if not user else _OPEN, setting, devnode.path
    )
    who = user or f"a service in the group {devnode.group}"
    if ran.rc == 0:
        return passed(f"{who} opened {devnode.path}", devnode.seen, ran.evidence)
    if user and (ran.rc == NO_SUCH_USER or "unknown user" in ran.stderr.lower()):
        return failed(f"there is no user {user} on the node", ran.evidence)
    if ran.rc == 127:
        return inconclusive("there is no systemd-run on the node to open the device with", ran.evidence)
    return failed(f"{who} cannot open {devnode.path} ({devnode.access})", devnode.seen, ran.evidence)


@devnode_check(
    "device.ioctl-answers",
    "Driver and hardware answer ioctls",
    remedy="Check device.is-the-drivers and driver.matches-stack: the devnode is not the NPU's, or another driver "
    "owns it.",
    registry=HARDWARE_CHECKS,
)
def ioctl_answers(node: NodeUnderTest, devnode: FoundDevnode) -> Answer:
    """vendor: versions and IOMMU by the ACTION ioctl; mainline: the driver's name by DRM_IOCTL_VERSION."""
    stack = node.expectation.brought_up
    ran = _asked(node, devnode.path)
    if ran is None:
        return skipped("neither rknpu-query nor python3 is on the node to ask the driver with")
    answers = dict(line.split(" ", 1) for line in ran.lines if " " in line)
    if ran.rc and not answers:
        return failed(f"{devnode.path} does not answer", ran.evidence)
    if stack is MAINLINE:
        name = answers.get("driver-name", "")
        if name != stack.module:
            return failed(
                f"{devnode.path} belongs to the driver {name or 'of no name'}, not {stack.module}", ran.evidence
            )
        return passed(f"{devnode.path} is {name}'s", ran.evidence)
    return _vendor(devnode.path, answers, ran.evidence)


def _vendor(path: str, answers: dict[str, str], seen: Evidence) -> Answer:
    hardware, driver = answers.get("hardware-version", ""), answers.get("driver-version", "")
    if hardware == str(NOT_THE_NPU):
        return failed(f"{path} answers hw_version = -1: it is not the NPU's node", seen)
    if not hardware.isdigit() or not driver.isdigit() or int(driver) == 0:
        return failed(f"{path} does not report the versions of NPU and driver", seen)
    if int(hardware) != HARDWARE_VERSION:
        return failed(f"{path} answers hardware version {int(hardware):#x}, an RK3588 has {HARDWARE_VERSION:#x}", seen)
    if answers.get("iommu") == "0":
        return failed("the driver reports that its IOMMU is off", seen)
    number = int(driver)
    return passed(f"driver {number // 10000}.{number // 100 % 100}.{number % 100} on RK3588 silicon", seen)


def _asked(node: NodeUnderTest, path: str) -> Ran | None:
    stack = node.expectation.brought_up
    if stack is not MAINLINE and node.run("command -v rknpu-query").rc == 0:
        return node.run("rknpu-query %s", path)
    if node.run("command -v python3").rc == 0:
        return node.run("python3 -c %s %s %s", _ASK, path, stack.name)
    return None
