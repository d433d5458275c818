"""The NPU's devnode: found, real, and usable."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rknn_validation.checks.model import Answer, Evidence, Registry, failed, inconclusive, passed, skipped
from rknn_validation.checks.node.client import NO_PROGRAM, program
from rknn_validation.checks.node.registry import NODE_CHECKS, NodeUnderTest, Ran
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.stacks import MAINLINE, VENDOR, Stack

# Numbers vary: a DRM devnode is the NPU's if its driver is RKNPU. The card comes first, for the runtime opens it.
_VENDOR_NODES = """\
for path in /dev/rknpu*; do if [ -e "$path" ] || [ -L "$path" ]; then echo "$path"; fi; done
for node in /sys/class/drm/card* /sys/class/drm/renderD*; do
if [ "$(basename "$(readlink -f "$node/device/driver")")" = RKNPU ]; then echo "/dev/dri/${node##*/}"; fi; done"""
_MAINLINE_NODES = 'for node in /dev/accel/accel*; do if [ -e "$node" ]; then echo "$node"; fi; done'
NODES = {VENDOR.name: _VENDOR_NODES, MAINLINE.name: _MAINLINE_NODES}
"""Shell commands that print the device nodes of each stack's NPU."""

# How rules name the devices of each directory; an accelerometer is not one of them.
_SYSTEMDS = {"/dev/accel/": "accel(?!erom)", "/dev/dri/renderD": "renderD"}

ABSENT = "there is no devnode to check: see device.present"
NPU_TREE = """\
for node in $(find /proc/device-tree/ -maxdepth 2 -name 'npu@*'); do
echo "${node##*/}: $(tr '\\0' ' ' <"$node/compatible")$(tr '\\0' ' ' 2>/dev/null <"$node/status")"; done"""


@dataclass(frozen=True)
class FoundDevnode:
    """A devnode of the node as stat(1) shows it, without following links."""

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
        """Owner, group and mode, such as root:render 0660."""
        return f"{self.owner}:{self.group} {self.mode:04o}"


def paths(node: NodeUnderTest) -> Ran:
    """The paths of the stack's devnodes, one a line."""
    return node.must(NODES[node.expectation.brought_up.name])


def device(node: NodeUnderTest) -> FoundDevnode | None:
    """The NPU's devnode, None where there is none."""
    found = paths(node).lines
    return stat(node, found[0]) if found else None


def stat(node: NodeUnderTest, path: str) -> FoundDevnode | None:
    """A devnode by path, None where it does not exist."""
    ran = node.run("stat -c '%%F|%%t|%%T|%%U|%%G|%%g|%%a' %s", path)
    if ran.rc:
        return None
    kind, major, minor, owner, group, gid, mode = ran.stdout.strip().split("|")
    return FoundDevnode(path, kind, int(major, 16), int(minor, 16), owner, group, int(gid), int(mode, 8), ran.evidence)


DevnodeCheck = Callable[[NodeUnderTest, FoundDevnode], Answer]


def devnode_check(
    id: str,
    title: str,
    *,
    remedy: str,
    stacks: Iterable[str] = ("vendor", "mainline"),
    registry: Registry[NodeUnderTest] = NODE_CHECKS,
) -> Callable[[DevnodeCheck], DevnodeCheck]:
    """Declare the decorated function as a check of the NPU's devnode, which is skipped where there is none."""

    def declare(
        find: Callable[[NodeUnderTest, FoundDevnode], Answer],
    ) -> Callable[[NodeUnderTest, FoundDevnode], Answer]:
        @functools.wraps(find)
        def ask(node: NodeUnderTest) -> Answer:
            devnode = device(node)
            return skipped(ABSENT) if devnode is None else find(node, devnode)

        registry.check(id, title, remedy=remedy, stacks=stacks)(ask)
        return find

    return declare


def why_absent(node: NodeUnderTest) -> tuple[str, tuple[Evidence, ...]]:
    """The most upstream reason for a missing devnode, with the evidence."""
    stack = node.expectation.brought_up
    tree = node.run(NPU_TREE)
    module = node.run("ls -d %s", f"/sys/module/{stack.module}")
    bound = node.run("ls -l /sys/bus/platform/devices/*npu*/driver /sys/bus/platform/devices/*rknn*/driver")
    load = node.run("modprobe --dry-run %s", stack.module)
    kernel = node.run(f"dmesg | grep -iE '{stack.module}|rknpu|npu' | tail -15")
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


def left_to_systemd(node: NodeUnderTest, devnode: FoundDevnode) -> Answer | None:
    """The answer where systemd's own rules set the access, None where the configuration has to.

    systemd gives render devices to group render, and since release 254 accel devices as well: a devnode of another
    group was not set by it. Where the configuration has a rule for such devices, the rule is judged even if it misses.
    """
    if devnode.group != "render" or not devnode.path.startswith(tuple(_SYSTEMDS)):
        return None
    configuration = node.expectation.configuration
    texts = [rules.text for rules in configuration.udev_rules if rules.text] + [configuration.udev_extra_rules]
    if any(_names(line, devnode) for text in texts for line in text.splitlines()):
        return None
    unknown = [rules.name for rules in configuration.udev_rules if rules.text is None]
    if unknown:
        return inconclusive(f"the text of {', '.join(unknown)} is known only after a build", devnode.seen)
    return skipped(f"no rule of the configuration is about {devnode.path}: systemd's own serves ({devnode.access})")


def _names(line: str, devnode: FoundDevnode) -> bool:
    """Whether a line of rules, valid or not, is about the NPU or about devices of this kind."""
    kind = next(kind for folder, kind in _SYSTEMDS.items() if devnode.path.startswith(folder))
    return not line.lstrip().startswith("#") and (about_npu(line) or bool(re.search(rf'["|]{kind}', line)))


MISC_MAJOR = 10
DRM_MAJOR = 226
_KINDS = {"/dev/rknpu": "misc", "/dev/dri/": "drm"}
MAJORS = {"misc": (MISC_MAJOR,), "drm": (DRM_MAJOR,), "accel": (261,)}


@NODE_CHECKS.check(
    "device.present",
    "The NPU's devnode exists",
    remedy="Install the stack's driver for this kernel, and a device tree that describes the NPU for it.",
)
def present(node: NodeUnderTest) -> Answer:
    """A devnode of the stack's driver exists."""
    found = paths(node)
    if found.lines:
        return passed(f"{', '.join(found.lines)} is there", found.evidence)
    reason, evidence = why_absent(node)
    return failed(f"no NPU device node: {reason}", found.evidence, *evidence)


@devnode_check(
    "device.is-the-drivers",
    "The devnode is the driver's own character device",
    remedy="Remove the link or file: clients use /dev/rknpu as a misc device and get invalid answers from anything "
    "else.",
)
def real(node: NodeUnderTest, devnode: FoundDevnode) -> Answer:
    """It is neither a link nor a file, and has the major number of its kind."""
    if devnode.kind != "character special file":
        return failed(f"{devnode.path} is a {devnode.kind}, not a device of the driver", devnode.seen)
    kind = next((kind for start, kind in _KINDS.items() if devnode.path.startswith(start)), "accel")
    if devnode.major not in MAJORS[kind]:
        return failed(f"{devnode.path} has major {devnode.major}, a {kind} device has {MAJORS[kind][0]}", devnode.seen)
    return passed(f"{devnode.path} is a {kind} device ({devnode.major}:{devnode.minor})", devnode.seen)


@devnode_check(
    "device.opens",
    "Root can open the devnode",
    remedy="Read the kernel's log; ENODEV on mainline means that the NPU's MMU nodes are disabled.",
)
def opens(node: NodeUnderTest, devnode: FoundDevnode) -> Answer:
    """Root opens it for reading and writing: that it exists proves nothing."""
    ran = node.run("sh -c 'exec 3<>\"$0\"' %s", devnode.path)
    if ran.rc:
        return failed(f"root cannot open {devnode.path}", ran.evidence, node.run("dmesg | tail -15").evidence)
    return passed(f"root opened {devnode.path}", ran.evidence)


@devnode_check(
    "device.driver-answers",
    "The vendor's driver answers",
    remedy="Check which driver owns the devnode: it is not the vendor's driver, or not the version it claims to be.",
    stacks=("vendor",),
)
def answers(node: NodeUnderTest, devnode: FoundDevnode) -> Answer:
    """The driver's ACTION ioctl gives its version, as the runtime asks it first."""
    words = program(node)
    if words is None:
        return skipped(NO_PROGRAM.format("ask the driver"))
    ran = node.run(" ".join("%s" for _ in words) + " open %s", *words, devnode.path)
    if ran.rc:
        return skipped("the device cannot be opened: see device.opens")
    if "driver version 0.0.0" in ran.stdout or "driver version" not in ran.stdout:
        return failed(f"{devnode.path} does not answer what version its driver has", ran.evidence)
    return passed(ran.lines[-1], ran.evidence)
