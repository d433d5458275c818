"""The driver at work: the right one, on all cores, with its IOMMU, and of a version that fits the runtime."""

from __future__ import annotations

import re

from rknn_validation.checks.model import Answer, failed, inconclusive, passed, skipped
from rknn_validation.checks.node.hardware.reading import read
from rknn_validation.checks.node.question import HARDWARE_CHECKS, Question
from rknn_validation.npu.stacks import MAINLINE, VENDOR

DRIVERS = {VENDOR.name: "RKNPU", MAINLINE.name: "rocket"}
"""Platform driver of each stack, as sysfs spells it."""

_BOUND = """\
[ -d /sys/bus/platform/drivers ] || exit 9
for driver in RKNPU rocket; do for device in /sys/bus/platform/drivers/$driver/*.npu; do
if [ -e "$device" ]; then echo "$driver ${device##*/}"; fi; done; done"""
_GROUPS = """\
[ -d /sys/bus/platform/devices ] || exit 9
for device in /sys/bus/platform/devices/fda[bcd]0000.npu; do if [ -e "$device" ]; then
echo "${device##*/} $(readlink "$device/iommu_group" || echo none)"; fi; done"""
NEEDS_CONTIGUOUS = 64 * 1024
"""KiB of contiguous memory that a small model wants where there is no IOMMU (a 56 MB model failed with less)."""
NEEDS_MEMORY = 256 * 1024
"""KiB of free memory below which models fail for reasons that are not the NPU's."""


@HARDWARE_CHECKS.check(
    "driver.is-the-stacks",
    stage="driver",
    title="is the NPU in the hands of this stack's driver?",
    remedy="one stack a kernel: boot the kernel and device tree of the stack that is wanted",
)
def is_the_stacks(question: Question) -> Answer:
    """Who is bound below /sys/bus/platform/drivers; a version file or a loaded module proves nothing."""
    wanted = DRIVERS[question.expectation.brought_up.name]
    ran = question.must(_BOUND)
    bound = [line.split() for line in ran.lines]
    other = [device for driver, device in bound if driver != wanted]
    if other:
        return failed(f"another stack's driver has {', '.join(other)}", ran.evidence)
    if not bound:
        return failed(f"{wanted} has no NPU", ran.evidence)
    return passed(f"{wanted} has {', '.join(device for _, device in bound)}", ran.evidence)


@HARDWARE_CHECKS.check(
    "driver.cores",
    stage="driver",
    title="does the driver see all three cores?",
    remedy="the device tree has to describe all cores: three nodes for mainline, three register banks for vendor",
)
def cores(question: Question) -> Answer:
    """mainline: three bound devices; vendor: Core0 to Core2 in the driver's load file."""
    if question.expectation.brought_up is MAINLINE:
        ran = question.must(_BOUND)
        devices = [line for line in ran.lines if line.startswith("rocket ")]
        if len(devices) != len(MAINLINE.node_addresses):
            return failed(f"rocket has {len(devices)} of {len(MAINLINE.node_addresses)} cores", ran.evidence)
        return passed("rocket has three cores", ran.evidence)
    found = read(question, "/sys/kernel/debug/rknpu/load", "/proc/rknpu/load")
    load = found.first("/sys/kernel/debug/rknpu/load", "/proc/rknpu/load")
    if not load:
        return inconclusive("the driver's load file cannot be read (no debugfs, no /proc/rknpu)", found.seen)
    seen = sorted(set(re.findall(r"Core(\d)", load)))
    if seen != ["0", "1", "2"]:
        return failed(f"the driver tells of {len(seen)} cores, an RK3588 has three: {load}", found.seen)
    return passed("the driver tells of three cores", found.seen)


@HARDWARE_CHECKS.check(
    "driver.iommu-on",
    stage="driver",
    title="does every NPU device have its IOMMU?",
    remedy="enable the NPU's MMU nodes in the device tree; without them only contiguous memory can be used",
)
def iommu_on(question: Question) -> Answer:
    """`iommu_group` of each NPU device."""
    ran = question.must(_GROUPS)
    if not ran.lines:
        return skipped("there is no NPU device: see kernel.driver-bound")
    without = [line.split()[0] for line in ran.lines if line.endswith(" none")]
    if without:
        return failed(f"no IOMMU for {', '.join(without)}", ran.evidence)
    return passed(f"{len(ran.lines)} NPU devices, each with an IOMMU", ran.evidence)


@HARDWARE_CHECKS.check(
    "driver.memory-enough",
    stage="driver",
    title="is there memory for a model?",
    remedy="free some; where the IOMMU is off, enable it or reserve memory with cma=128M on the kernel's command line",
)
def memory_enough(question: Question) -> Answer:
    """Free memory, and contiguous memory where the NPU has no IOMMU."""
    ran = question.must(f"grep -E '^(MemAvailable|CmaTotal|CmaFree):' /proc/meminfo; {_GROUPS}")
    memory = {name: int(size) for name, size in re.findall(r"^(\w+): +(\d+) kB", ran.stdout, re.MULTILINE)}
    if "MemAvailable" not in memory:
        return inconclusive("/proc/meminfo does not tell how much memory is free", ran.evidence)
    free, contiguous = memory["MemAvailable"], memory.get("CmaFree", 0)
    if any(line.endswith(".npu none") for line in ran.lines) and contiguous < NEEDS_CONTIGUOUS:
        return failed(f"no IOMMU, and {contiguous // 1024} MiB of contiguous memory", ran.evidence)
    if free < NEEDS_MEMORY:
        return failed(f"only {free // 1024} MiB of memory are free", ran.evidence)
    return passed(f"{free // 1024} MiB are free, {contiguous // 1024} MiB of them contiguous", ran.evidence)
