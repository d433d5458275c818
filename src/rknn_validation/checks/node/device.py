"""The NPU's devnode: found, real, and usable."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed, skipped
from rknn_validation.checks.node.client import NO_PROGRAM, program
from rknn_validation.checks.node.question import NODE_CHECKS, Question, Ran
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.stacks import MAINLINE, VENDOR, Stack

# The render node's number varies: it is the one whose driver is RKNPU.
_VENDOR_NODES = """\
for path in /dev/rknpu*; do if [ -e "$path" ] || [ -L "$path" ]; then echo "$path"; fi; done
for node in /sys/class/drm/renderD*; do
if [ "$(basename "$(readlink -f "$node/device/driver")")" = RKNPU ]; then echo "/dev/dri/${node##*/}"; fi; done"""
_MAINLINE_NODES = 'for node in /dev/accel/accel*; do if [ -e "$node" ]; then echo "$node"; fi; done'
NODES = {VENDOR.name: _VENDOR_NODES, MAINLINE.name: _MAINLINE_NODES}
"""Shell commands that print the device nodes of each stack's NPU."""

# What rules call the nodes of each folder; an accelerometer is none.
_SYSTEMDS = {"/dev/accel/": "accel(?!erom)", "/dev/dri/renderD": "renderD"}

ABSENT = "there is no device to ask: see device.present"
NPU_TREE = """\
for node in $(find /proc/device-tree/ -maxdepth 2 -name 'npu@*'); do
echo "${node##*/}: $(tr '\\0' ' ' <"$node/compatible")$(tr '\\0' ' ' 2>/dev/null <"$node/status")"; done"""


@dataclass(frozen=True)
class Node:
    """A device node as stat(1) sees it, not following links."""

    path: str
    kind: str
    major: int
    minor: int
    owner: str
    group: str
    gid: int
    mode: int
    seen: Evidence

    @property
    def access(self) -> str:
        """Owner, group and mode, as people write them."""
        return f"{self.owner}:{self.group} {self.mode:04o}"


def paths(question: Question) -> Ran:
    """The paths of the stack's device nodes, one a line."""
    return question.must(NODES[question.expectation.brought_up.name])


def device(question: Question) -> Node | None:
    """The NPU's device node, None where there is none."""
    found = paths(question).lines
    return stat(question, found[0]) if found else None


def stat(question: Question, path: str) -> Node | None:
    """A device node by path, None where there is nothing of that name."""
    ran = question.run("stat -c '%%F|%%t|%%T|%%U|%%G|%%g|%%a' %s", path)
    if ran.rc:
        return None
    kind, major, minor, owner, group, gid, mode = ran.stdout.strip().split("|")
    return Node(path, kind, int(major, 16), int(minor, 16), owner, group, int(gid), int(mode, 8), ran.evidence)


def no_device() -> Answer:
    """The answer of a check that needs a device where there is none."""
    return skipped(ABSENT)


def why_absent(question: Question) -> tuple[str, tuple[Evidence, ...]]:
    """The most upstream reason for a missing device node, with what was seen."""
    stack = question.expectation.brought_up
    tree = question.run(NPU_TREE)
    module = question.run("ls -d %s", f"/sys/module/{stack.module}")
    bound = question.run("ls -l /sys/bus/platform/devices/*npu*/driver /sys/bus/platform/devices/*rknn*/driver")
    load = question.run("modprobe --dry-run %s", stack.module)
    kernel = question.run(f"dmesg | grep -iE '{stack.module}|rknpu|npu' | tail -15")
    evidence = (tree.evidence, module.evidence, load.evidence, bound.evidence, kernel.evidence)
    return _reason(stack, tree, module.rc == 0, load.rc == 0, bool(bound.lines)), evidence


def _reason(stack: Stack, tree: Ran, loaded: bool, loadable: bool, bound: bool) -> str:
    described = stack.node_compatible in tree.stdout
    if not loaded and not loadable:
        return f"the running kernel has no driver {stack.module}"
    if not described and tree.lines:
        return f"the device tree describes another NPU ({'; '.join(tree.lines)}), which {stack.module} does not bind"
    if not described:
        return "the device tree has no NPU node"
    if "disabled" in tree.stdout:
        return "the device tree's NPU node is disabled"
    if not loaded:
        return f"the driver {stack.module} is there, but nothing loaded it"
    return "the driver is bound, but made no device node" if bound else f"{stack.module} is loaded and bound to nothing"


def left_to_systemd(question: Question, node: Node) -> Answer | None:
    """The answer where systemd's own rules give the node its access, None where the configuration is to.

    systemd gives render nodes to group render, and accel nodes as well since release 254: a node that is not that
    group's was not given by it. A rule that names such nodes and misses them is still the configuration's.
    """
    if node.group != "render" or not node.path.startswith(tuple(_SYSTEMDS)):
        return None
    configuration = question.expectation.configuration
    texts = [rules.text for rules in configuration.udev_rules if rules.text] + [configuration.udev_extra_rules]
    if any(_names(line, node) for text in texts for line in text.splitlines()):
        return None
    unknown = [rules.name for rules in configuration.udev_rules if rules.text is None]
    if unknown:
        return inconclusive(f"only a build can tell what {', '.join(unknown)} says", node.seen)
    return skipped(f"no rule of the configuration is about {node.path}: systemd's own serves ({node.access})")


def _names(line: str, node: Node) -> bool:
    """Whether a line of rules, which udevd may be unable to read, speaks of the NPU or of nodes of this kind."""
    kind = next(kind for folder, kind in _SYSTEMDS.items() if node.path.startswith(folder))
    return not line.lstrip().startswith("#") and (about_npu(line) or bool(re.search(rf'["|]{kind}', line)))


MISC_MAJOR = 10
DRM_MAJOR = 226
MAJORS = {"misc": (MISC_MAJOR,), "drm": (DRM_MAJOR,), "accel": (261,)}


@NODE_CHECKS.check(
    "device.present",
    "The NPU's devnode exists",
    remedy="Install the stack's driver for this kernel, and a device tree that describes the NPU for it.",
)
def present(question: Question) -> Answer:
    """A node of the stack's driver exists."""
    found = paths(question)
    if found.lines:
        return passed(f"{', '.join(found.lines)} is there", found.evidence)
    reason, evidence = why_absent(question)
    return failed(f"no NPU device node: {reason}", found.evidence, *evidence)


@NODE_CHECKS.check(
    "device.is-the-drivers",
    "The devnode is the driver's own character device",
    remedy="Remove the link or file: clients use /dev/rknpu as a misc device and get invalid answers from anything "
    "else.",
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
    "Root can open the devnode",
    remedy="Read the kernel's log; ENODEV on mainline means that the NPU's MMU nodes are disabled.",
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
    "device.driver-answers",
    "The vendor's driver answers",
    remedy="Check which driver owns the devnode: it is not the vendor's driver, or not the version it claims to be.",
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
