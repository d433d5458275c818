"""The device node: there, of the right kind, and really usable."""

from __future__ import annotations

from rknn_validation.checks.model import Answer, failed, passed, skipped
from rknn_validation.checks.node.client import NO_PROGRAM, program
from rknn_validation.checks.node.find import device, no_device, paths, why_absent
from rknn_validation.checks.node.question import NODE_CHECKS, Question

MISC_MAJOR = 10
DRM_MAJOR = 226
MAJORS = {"misc": (MISC_MAJOR,), "drm": (DRM_MAJOR,), "accel": (261,)}


@NODE_CHECKS.check(
    "device.present",
    stage="device",
    title="is the NPU's device node there?",
    remedy="bring the stack's driver for this kernel, and a device tree that describes the NPU for it",
)
def present(question: Question) -> Answer:
    """A node of the stack's driver exists."""
    found = paths(question)
    if found.lines:
        return passed(f"{', '.join(found.lines)} is there", found.evidence)
    reason, evidence = why_absent(question)
    return failed(f"no NPU device node: {reason}", found.evidence, *evidence)


@NODE_CHECKS.check(
    "device.real",
    stage="device",
    title="is the device node the driver's own character device?",
    remedy="remove the link or file: what clients ask /dev/rknpu as a misc device gets nonsense from anything else",
)
def real(question: Question) -> Answer:
    """Not a link to a render node, not a file, and with the major number of its kind."""
    node = device(question)
    if node is None:
        return no_device()
    if node.kind != "character special file":
        return failed(f"{node.path} is a {node.kind}, not a device of the driver", node.seen)
    kind = "misc" if node.path.startswith("/dev/rknpu") else "drm" if node.path.startswith("/dev/dri/") else "accel"
    if node.major not in MAJORS[kind]:
        return failed(f"{node.path} has major {node.major}, a {kind} device has {MAJORS[kind][0]}", node.seen)
    return passed(f"{node.path} is a {kind} device ({node.major}:{node.minor})", node.seen)


@NODE_CHECKS.check(
    "device.opens",
    stage="device",
    title="can the device be opened at all?",
    remedy="see the kernel's log; ENODEV on mainline means that the NPU's MMU nodes are disabled",
)
def opens(question: Question) -> Answer:
    """Opened for reading and writing by root: a device that is only there proves nothing."""
    node = device(question)
    if node is None:
        return no_device()
    ran = question.run("sh -c 'exec 3<>\"$0\"' %s", node.path)
    if ran.rc:
        return failed(f"root cannot open {node.path}", ran.evidence, question.run("dmesg | tail -15").evidence)
    return passed(f"root opened {node.path}", ran.evidence)


@NODE_CHECKS.check(
    "device.answers",
    stage="device",
    title="does the vendor driver answer?",
    remedy="the node is not the vendor driver's, or the driver is another one than it says",
    stacks=("vendor",),
)
def answers(question: Question) -> Answer:
    """The driver's ACTION ioctl gives its version, as the runtime asks it first."""
    node = device(question)
    if node is None:
        return no_device()
    words = program(question)
    if words is None:
        return skipped(NO_PROGRAM.format("ask the driver"))
    ran = question.run(" ".join("%s" for _ in words) + " open %s", *words, node.path)
    if ran.rc:
        return skipped("the device cannot be opened: see device.opens")
    if "driver version 0.0.0" in ran.stdout or "driver version" not in ran.stdout:
        return failed(f"{node.path} does not answer what version its driver has", ran.evidence)
    return passed(ran.lines[-1], ran.evidence)
