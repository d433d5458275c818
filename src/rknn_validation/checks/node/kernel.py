"""The kernel driver: loaded, bound to the NPU, and content."""

from __future__ import annotations

import re

from rknn_validation.checks.model import Answer, failed, inconclusive, passed
from rknn_validation.checks.node.find import NPU_TREE, why_absent
from rknn_validation.checks.node.question import NODE_CHECKS, Question
from rknn_validation.npu.messages import is_harmless

_LINES = r"rknpu|rocket|rknn|\bnpu\b|\.npu"
_BAD = re.compile(
    r"(?i)failed|cannot|can't|error|timed? ?out|soft reset|non-iommu mode|key was rejected|Unknown symbol"
    r"|disagrees about|Oops|BUG:|Call trace"
)
_GOOD = re.compile(r"Initialized (rknpu|rocket)|RKNPU: |rknpu.*(probe|register|init|simulated)|NPU core \d version")


@NODE_CHECKS.check(
    "kernel.driver-loaded",
    stage="kernel",
    title="is the stack's kernel driver loaded?",
    remedy="vendor: rknpu in boot.extraModulePackages, or a vendor kernel; mainline: Linux 6.18 or later",
)
def driver_loaded(question: Question) -> Answer:
    """The module is in the running kernel. Says nothing yet about the hardware."""
    module = question.expectation.brought_up.module
    ran = question.run("ls -d %s && grep -w %s /proc/modules", f"/sys/module/{module}", f"^{module}")
    if f"/sys/module/{module}" in ran.stdout:
        return passed(f"{module} is in the running kernel", ran.evidence)
    load = question.run("modprobe --dry-run --verbose %s; modprobe --showconfig | grep -w %s", module, module)
    units = question.run("journalctl -b -o short-monotonic --no-pager | grep -iE 'modprobe|modules-load' | tail -10")
    reason, evidence = why_absent(question)
    return failed(f"{module} is not loaded: {reason}", ran.evidence, load.evidence, units.evidence, *evidence)


@NODE_CHECKS.check(
    "kernel.driver-bound",
    stage="kernel",
    title="is the driver bound to the NPU?",
    remedy="let the device tree describe the NPU with the compatible this driver binds: the right DTB, or an overlay",
)
def driver_bound(question: Question) -> Answer:
    """Every NPU node of the stack has its driver."""
    stack = question.expectation.brought_up
    links = [f"/sys/bus/platform/devices/{address:x}.npu/driver" for address in stack.node_addresses]
    ran = question.run("ls -l " + " ".join(links))
    bound = [link for link in links if link in ran.stdout]
    wanted = re.compile(rf"drivers/{stack.module}$", re.IGNORECASE | re.MULTILINE)
    if len(bound) == len(links) and len(wanted.findall(ran.stdout)) == len(links):
        return passed(f"{stack.module} is bound to all {len(links)} NPU nodes", ran.evidence)
    tree = question.run(NPU_TREE)
    if stack.node_compatible not in tree.stdout:
        seen = "; ".join(tree.lines) or "no NPU node"
        return failed(f"nothing for {stack.module} to bind: the device tree has {seen}", tree.evidence, ran.evidence)
    log = question.run("dmesg | grep -iE 'npu|rocket|rknn' | tail -15; cat /sys/kernel/debug/devices_deferred")
    reason = f"{stack.module} is bound to {len(bound)} of {len(links)} NPU nodes"
    return failed(reason, ran.evidence, tree.evidence, log.evidence)


@NODE_CHECKS.check(
    "kernel.log-healthy",
    stage="kernel",
    title="is the kernel's log free of complaints about the NPU?",
    remedy="look the message up: most name a regulator, a clock, an IOMMU node or a signature",
)
def log_healthy(question: Question) -> Answer:
    """Lines about the NPU in the kernel's log: at least one from its driver, none of trouble."""
    ran = question.run("dmesg | grep -iE %s | grep -vE 'stage-2-init|systemd\\['", _LINES)
    bad = [line for line in ran.lines if _BAD.search(line) and not is_harmless(line)]
    if bad:
        return failed(f"the kernel says: {bad[0]}", ran.evidence)
    if not any(_GOOD.search(line) for line in ran.lines):
        return inconclusive("the kernel's log has no line of the driver; it may be overwritten", ran.evidence)
    return passed(f"{len(ran.lines)} lines about the NPU, none of trouble", ran.evidence)
