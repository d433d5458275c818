"""The kernel that runs: the one the system was built with, and configured for the stack."""

from __future__ import annotations

import re

from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed
from rknn_validation.checks.node.question import HARDWARE_CHECKS, Question
from rknn_validation.npu.messages import known
from rknn_validation.npu.stacks import MAINLINE

MAINLINE_NEEDS = ("DRM_ACCEL", "DRM_ACCEL_ROCKET", "ROCKCHIP_IOMMU", "ARCH_ROCKCHIP")
VENDOR_HAS = "ROCKCHIP_RKNPU"
ALWAYS = "ARM64"
"""In every configuration: where it is not found, nothing was read."""

_CONFIG = """\
release=$(uname -r)
for path in /proc/config.gz "/boot/config-$release" "/run/booted-system/kernel-modules/lib/modules/$release/config" \
"/lib/modules/$release/config" "/run/booted-system/kernel-modules/lib/modules/$release/build/.config"; do
if [ -r "$path" ]; then echo "from $path"
case "$path" in *.gz) gzip -dc "$path" ;; *) cat "$path" ;; esac | grep -wE 'CONFIG_(SYMBOLS)'; break; fi; done"""


@HARDWARE_CHECKS.check(
    "kernel.release-configured",
    stage="kernel",
    title="does the kernel of the configured system run?",
    remedy="reboot; if the old kernel comes back, see which generation the boot loader starts",
)
def release_configured(question: Question) -> Answer:
    """Booted system against current system, and `uname -r` against the configuration's kernel."""
    ran = question.run("uname -r && readlink -e /run/booted-system/kernel && readlink -e /run/current-system/kernel")
    if ran.rc or len(ran.lines) != 3:
        return inconclusive("the node does not say which systems it booted and runs: it may not be NixOS", ran.evidence)
    release, booted, current = ran.lines
    if booted != current:
        return failed(f"{release} runs, but the system was switched to another kernel since", ran.evidence)
    if "stand-in" in question.expectation.nixpkgs:
        return passed(f"{release} is the system's own; the stand-in knows no kernel to compare it with", ran.evidence)
    wanted = question.expectation.configuration.kernel.version
    if not re.match(rf"{re.escape(wanted.partition('-')[0])}(?![0-9.])", release):
        return failed(f"{release} runs, the configuration says {wanted}", ran.evidence)
    return passed(f"{release} runs, as configured", ran.evidence)


@HARDWARE_CHECKS.check(
    "kernel.config-has-driver",
    stage="kernel",
    title="is the running kernel configured for the stack?",
    remedy="vendor: the out-of-tree module or a vendor kernel; mainline: DRM_ACCEL=y, DRM_ACCEL_ROCKET=m, Linux 6.18",
)
def config_has_driver(question: Question) -> Answer:
    """The running configuration: the driver's symbols, or (vendor) the module that was built beside the kernel."""
    ran = question.run(_CONFIG.replace("SYMBOLS", "|".join((ALWAYS, VENDOR_HAS, *MAINLINE_NEEDS))))
    on = set(re.findall(r"^CONFIG_(\w+)=[ym]$", ran.stdout, re.MULTILINE))
    if ALWAYS not in on:
        return inconclusive("the running kernel's configuration cannot be read", ran.evidence)
    if question.expectation.brought_up is MAINLINE:
        missing = [symbol for symbol in MAINLINE_NEEDS if symbol not in on]
        if missing:
            return failed(f"the running kernel lacks {', '.join(missing)}", ran.evidence)
        return passed("the running kernel has rocket and what it needs", ran.evidence)
    if VENDOR_HAS in on:
        return passed(f"the running kernel has {VENDOR_HAS}", ran.evidence)
    module = question.run("modinfo -F filename rknpu")
    if module.rc == 127:
        return inconclusive("there is no modinfo on the node to look for the module with", ran.evidence)
    if module.rc or not module.lines:
        return failed(
            "no ROCKCHIP_RKNPU in the running kernel, and no module rknpu for it", ran.evidence, module.evidence
        )
    return passed(f"the module for this kernel is {module.lines[0]}", ran.evidence, module.evidence)


@HARDWARE_CHECKS.check(
    "kernel.known-messages",
    stage="kernel",
    title="does the kernel's log name none of the known troubles?",
    remedy="see the diagnosis: each of these lines has a cause and a remedy of its own",
)
def known_messages(question: Question) -> Answer:
    """Every line since boot against the table of `npu/messages.py`."""
    ran = question.must("dmesg")
    found = [(message, line) for line in ran.lines if (message := known(line))]
    if not found:
        return passed(f"none of {len(ran.lines)} lines names a known trouble", Evidence("dmesg", "none of them"))
    told = Evidence("dmesg", "\n".join(f"{message.id}: {line}" for message, line in found[:20]))
    meanings = dict.fromkeys(message.meaning for message, _ in found)
    return failed("; ".join(meanings), told)
