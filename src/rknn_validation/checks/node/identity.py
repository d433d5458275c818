"""The machine itself: the board the inventory says it is, with all its processors."""

from __future__ import annotations

import re
import time

from rknn_validation.checks.model import Answer, failed, inconclusive, passed
from rknn_validation.checks.node.reading import read
from rknn_validation.checks.node.registry import HARDWARE_CHECKS, NodeUnderTest
from rknn_validation.npu.boards import RK3588_COMPATIBLES, Board

CORES = 8
"""Four Cortex-A76 and four Cortex-A55 in every RK3588 and RK3588S."""

OTHER_SOCS = ("rk3582", "rk3583", "rk3576", "rk3566", "rk3568", "rk3562", "rv1103", "rv1106", "rv1126", "rk3399pro")
"""Rockchip's other SoCs with an NPU: another one, fewer cores or another driver's. They are not judged here.

RK3582 and RK3583 are RK3588S with parts fused off (U-Boot arch/arm/mach-rockchip/rk3588); their trees name both."""

APART = 120
"""Seconds a clock may be wrong before certificates, tokens and the order of logs become unreliable."""
ROOM = 64
"""MiB that have to be free on a file system."""


@HARDWARE_CHECKS.check(
    "identity.board",
    "The node is the board that the inventory names",
    remedy="Correct `board:` of the node, or the device tree it boots with.",
    everywhere=True,
)
def board(node: NodeUnderTest) -> Answer:
    """`compatible` and `model` of the running device tree; Rockchip's own trees use other names for boards."""
    expected = node.expectation.board
    found = read(node, "/proc/device-tree/compatible", "/proc/device-tree/model")
    words = found.first("/proc/device-tree/compatible").split()
    model = found.first("/proc/device-tree/model") or "a board without a model"
    if not words:
        return inconclusive("the device tree cannot be read here: is this a container?", found.seen)
    other = next((soc for word in words for soc in OTHER_SOCS if soc in word.lower()), "")
    if expected.is_rk3588 and other:
        scope = f"its {other.upper()} has another NPU, and the checks of an RK3588 say nothing about it"
        named = any(_same(word, expected) for word in words)
        return failed(
            f"this is {model}: {scope}" + ("" if named else f"; the inventory says {expected.name}"), found.seen
        )
    if expected.is_rk3588 and RK3588_COMPATIBLES.isdisjoint(words):
        return failed(f"this is {model}, which is no RK3588; the inventory says {expected.name}", found.seen)
    if any(_same(word, expected) for word in words):
        return passed(f"this is {model}", found.seen)
    return failed(f"this is {model} ({words[0]}); the inventory says {expected.name}", found.seen)


def _same(word: str, expected: Board) -> bool:
    # xunlong,orangepi-5-plus in mainline is rockchip,rk3588-orangepi-5-plus in Rockchip's trees.
    name = expected.compatible[0].rpartition(",")[2]
    return word == expected.compatible[0] or re.sub(r"^.*,(rk3588s?-)?", "", word) == name


@HARDWARE_CHECKS.check(
    "identity.cores",
    "All eight processors are online",
    remedy="Remove maxcpus= or nr_cpus= from the kernel command line, and enable all processors in the device tree.",
    stacks=("vendor", "mainline", "none"),
)
def cores(node: NodeUnderTest) -> Answer:
    """The processors that the kernel found, and those that are online."""
    found = read(node, "/sys/devices/system/cpu/present", "/sys/devices/system/cpu/online")
    present = _count(found.first("/sys/devices/system/cpu/present"))
    online = _count(found.first("/sys/devices/system/cpu/online"))
    if present is None or online is None:
        return inconclusive("the kernel does not report how many processors there are", found.seen)
    if present != CORES:
        return failed(f"the kernel found {present} processors, an RK3588 has {CORES}", found.seen)
    if online != CORES:
        return failed(f"{CORES - online} of {CORES} processors are off", found.seen)
    return passed(f"{CORES} processors, all on", found.seen)


def _count(ranges: str) -> int | None:
    """How many `0-3,5` are, None for anything else."""
    if not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", ranges):
        return None
    ends = [part.split("-") for part in ranges.split(",")]
    return sum(int(end[-1]) - int(end[0]) + 1 for end in ends)


@HARDWARE_CHECKS.check(
    "identity.clock",
    "The node's clock is right",
    remedy="Set services.timesyncd.enable = true, and a time server that the node can reach.",
    everywhere=True,
)
def clock(node: NodeUnderTest) -> Answer:
    """The node's time compared with that of the machine that asks, which is assumed to be right."""
    before = time.time()
    ran = node.run("date +%%s; timedatectl show --property=NTPSynchronized %s", "--value")
    after = time.time()
    if ran.rc == 127 or not ran.lines or not ran.lines[0].isdigit():
        return inconclusive("the node does not report its time", ran.evidence)
    seconds = int(ran.lines[0])
    # The node read its clock between question and answer: a slow connection is not a wrong clock.
    wrong = seconds - after if seconds > after else min(0.0, seconds + 1 - before)
    if abs(wrong) > APART:
        return failed(f"the node's clock is {abs(wrong):.0f} s {'ahead' if wrong > 0 else 'behind'}", ran.evidence)
    return passed("the node's clock is right", ran.evidence)


@HARDWARE_CHECKS.check(
    "identity.disk-space",
    "The node's file systems have free space",
    remedy="Free space: nix-collect-garbage --delete-older-than 14d; journalctl --vacuum-size=200M.",
    everywhere=True,
)
def disk_space(node: NodeUnderTest) -> Answer:
    """`df` of what activation, services and this harness write to."""
    ran = node.run("df -P -k / /nix/store /var /tmp /run")
    rows = re.findall(r"^\S+ +\d+ +\d+ +(\d+) +\d+% (/\S*)$", ran.stdout, re.MULTILINE)
    if not rows:
        return inconclusive("df does not report free space", ran.evidence)
    full = [f"{int(free) // 1024} MiB are left on {where}" for free, where in rows if int(free) // 1024 < ROOM]
    if full:
        return failed("; ".join(full), ran.evidence)
    return passed(f"{len(rows)} file systems have free space", ran.evidence)
