"""The running kernel and its driver: the configured ones, loaded, bound, and without errors."""

from __future__ import annotations

import re

from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed, skipped
from rknn_validation.checks.node.device import NPU_TREE, why_absent
from rknn_validation.checks.node.registry import HARDWARE_CHECKS, NODE_CHECKS, NodeUnderTest
from rknn_validation.npu.messages import is_harmless, known
from rknn_validation.npu.stacks import MAINLINE

_LINES = r"rknpu|rocket|rknn|\bnpu\b|\.npu|Internal error|Kernel panic|Unable to handle kernel|kernel BUG at"
_BAD = re.compile(
    r"(?i)failed|cannot|can't|error|timed? ?out|soft reset|non-iommu mode|key was rejected|Unknown symbol"
    r"|disagrees about|Oops|BUG:|Call trace"
)
_GOOD = re.compile(r"Initialized (rknpu|rocket)|RKNPU: |rknpu.*(probe|register|init|simulated)|NPU core \d version")


@NODE_CHECKS.check(
    "kernel.driver-loaded",
    "The stack's driver is loaded",
    remedy="Vendor: add rknpu to boot.extraModulePackages, or use a vendor kernel. Mainline: use Linux 6.18 or later.",
)
def driver_loaded(node: NodeUnderTest) -> Answer:
    """The module is in the running kernel, whether or not it has found hardware."""
    module = node.expectation.brought_up.module
    ran = node.run("ls -d %s && grep -w %s /proc/modules", f"/sys/module/{module}", f"^{module}")
    if f"/sys/module/{module}" in ran.stdout:
        return passed(f"{module} is in the running kernel", ran.evidence)
    load = node.run("modprobe --dry-run --verbose %s; modprobe --showconfig | grep -w %s", module, module)
    units = node.run("journalctl -b -o short-monotonic --no-pager | grep -iE 'modprobe|modules-load' | tail -10")
    reason, evidence = why_absent(node)
    return failed(f"{module} is not loaded: {reason}", ran.evidence, load.evidence, units.evidence, *evidence)


@NODE_CHECKS.check(
    "kernel.driver-bound",
    "The driver is bound to the NPU",
    remedy="Use a device tree or an overlay that describes the NPU with the compatible that this driver binds.",
)
def driver_bound(node: NodeUnderTest) -> Answer:
    """Every NPU node of the stack's device tree has its driver."""
    stack = node.expectation.brought_up
    links = [f"/sys/bus/platform/devices/{address:x}.npu/driver" for address in stack.node_addresses]
    ran = node.run("ls -l " + " ".join(links))
    bound = [link for link in links if link in ran.stdout]
    wanted = re.compile(rf"drivers/{stack.module}$", re.IGNORECASE | re.MULTILINE)
    if len(bound) == len(links) and len(wanted.findall(ran.stdout)) == len(links):
        return passed(f"{stack.module} is bound to all {len(links)} NPU nodes", ran.evidence)
    tree = node.run(NPU_TREE)
    if stack.node_compatible not in tree.stdout:
        seen = "; ".join(tree.lines) or "no NPU node"
        return failed(f"nothing for {stack.module} to bind: the device tree has {seen}", tree.evidence, ran.evidence)
    log = node.run("dmesg | grep -iE 'npu|rocket|rknn' | tail -15; cat /sys/kernel/debug/devices_deferred")
    reason = f"{stack.module} is bound to {len(bound)} of {len(links)} NPU nodes"
    return failed(reason, ran.evidence, tree.evidence, log.evidence)


@NODE_CHECKS.check(
    "kernel.log-healthy",
    "The kernel log has no errors about the NPU",
    remedy="Look up the message: most name a regulator, a clock, an IOMMU node or a signature.",
)
def log_healthy(node: NodeUnderTest) -> Answer:
    """The kernel's log has lines of the NPU's driver, and none of them reports an error."""
    ran = node.run("dmesg | grep -iE %s | grep -vE 'stage-2-init|systemd\\['", _LINES)
    bad = [line for line in ran.lines if (_BAD.search(line) or known(line)) and not is_harmless(line)]
    if bad:
        return failed(f"the kernel says: {bad[0]}", ran.evidence)
    if not any(_GOOD.search(line) for line in ran.lines):
        return inconclusive("the kernel's log has no line of the driver; it may have been overwritten", ran.evidence)
    return passed(f"{len(ran.lines)} lines about the NPU, none of them an error", ran.evidence)


MAINLINE_NEEDS = ("DRM_ACCEL", "DRM_ACCEL_ROCKET", "ROCKCHIP_IOMMU", "ARCH_ROCKCHIP")
MAINLINE_HAS = "DRM_ACCEL_ROCKET"
VENDOR_HAS = "ROCKCHIP_RKNPU"
ALWAYS = "ARM64"
"""A symbol of every configuration: if it is missing, nothing was read."""

_CONFIG = """\
release=$(uname -r)
for path in /proc/config.gz "/boot/config-$release" "/run/booted-system/kernel-modules/lib/modules/$release/config" \
"/lib/modules/$release/config" "/run/booted-system/kernel-modules/lib/modules/$release/build/.config"; do
if [ -r "$path" ]; then echo "from $path"
case "$path" in *.gz) gzip -dc "$path" ;; *) cat "$path" ;; esac | grep -wE 'CONFIG_(SYMBOLS)'; break; fi; done"""


@HARDWARE_CHECKS.check(
    "kernel.release-matches",
    "The running kernel is that of the configured system",
    remedy="Reboot; if the old kernel comes back, check which generation the boot loader starts.",
)
def release_configured(node: NodeUnderTest) -> Answer:
    """The booted and the current system have the same kernel, and `uname -r` is the configuration's."""
    ran = node.run("uname -r && readlink -e /run/booted-system/kernel && readlink -e /run/current-system/kernel")
    if ran.rc or len(ran.lines) != 3:
        return inconclusive("the node does not say which systems it booted and runs: it may not be NixOS", ran.evidence)
    release, booted, current = ran.lines
    if booted != current:
        return failed(f"{release} runs, but the system was switched to another kernel since", ran.evidence)
    if "stand-in" in node.expectation.nixpkgs:
        return passed(
            f"{release} is the system's own; the stand-in has no kernel version to compare it with", ran.evidence
        )
    wanted = node.expectation.configuration.kernel.version
    if not re.match(rf"{re.escape(wanted.partition('-')[0])}(?![0-9.])", release):
        return failed(f"{release} runs, the configuration says {wanted}", ran.evidence)
    return passed(f"{release} runs, as configured", ran.evidence)


@HARDWARE_CHECKS.check(
    "kernel.config-has-driver",
    "The running kernel is configured for the stack",
    remedy="Vendor: use the out-of-tree module or a vendor kernel. Mainline: use Linux 6.18 with DRM_ACCEL=y and "
    "DRM_ACCEL_ROCKET=m.",
)
def config_has_driver(node: NodeUnderTest) -> Answer:
    """The running configuration has the driver's symbols, or (vendor) there is a module for the kernel."""
    ran = node.run(_CONFIG.replace("SYMBOLS", "|".join((ALWAYS, VENDOR_HAS, *MAINLINE_NEEDS))))
    on = set(re.findall(r"^CONFIG_(\w+)=[ym]$", ran.stdout, re.MULTILINE))
    if ALWAYS not in on:
        return inconclusive("the running kernel's configuration cannot be read", ran.evidence)
    mainline = node.expectation.brought_up is MAINLINE
    missing = [symbol for symbol in (MAINLINE_NEEDS if mainline else (VENDOR_HAS,)) if symbol not in on]
    if not missing:
        return passed(f"the running kernel has {MAINLINE_HAS if mainline else VENDOR_HAS}", ran.evidence)
    if missing != [MAINLINE_HAS if mainline else VENDOR_HAS]:
        return failed(f"the running kernel lacks {', '.join(missing)}", ran.evidence)
    # Only the driver itself is not of the kernel: it may be a module built for it.
    name = node.expectation.brought_up.module
    module = node.run("modinfo -F filename %s", name)
    if module.rc == 127:
        return inconclusive("there is no modinfo on the node to look for the module with", ran.evidence)
    if module.rc or not module.lines:
        return failed(
            f"no {missing[0]} in the running kernel, and no module {name} for it", ran.evidence, module.evidence
        )
    return passed(f"the module for this kernel is {module.lines[0]}", ran.evidence, module.evidence)


_LAST_BOOT = """\
for file in /sys/fs/pstore/* /var/lib/systemd/pstore/*/dmesg.txt /var/lib/systemd/pstore/*/*/dmesg.txt; do
if [ -f "$file" ]; then echo "from $file"; tail -n 400 "$file"; fi; done
if journalctl --list-boots --no-pager 2>/dev/null | grep -qE '^ *-1 '; then
echo "from journalctl -k -b -1"; journalctl -k -b -1 -o cat --no-pager | tail -n 400; fi"""
CRASHES = ("kernel-crash-in-driver", "kernel-crash", "spinlock", "power-on-fault")
"""Messages of `npu.messages` after which a boot ended, or should have."""


@HARDWARE_CHECKS.check(
    "kernel.last-boot-ended-well",
    "The last boot did not end with a crash",
    remedy="Read journalctl -k -b -1 -e and /sys/fs/pstore; the diagnosis names the driver if it is told.",
    stacks=("vendor", "mainline", "none"),
)
def last_boot(node: NodeUnderTest) -> Answer:
    """The end of the previous boot's kernel log in the journal, and what the kernel kept in pstore when it died."""
    ran = node.run(_LAST_BOOT)
    if not any(line.startswith("from ") for line in ran.lines):
        return skipped("the node keeps no log of its last boot: no persistent journal, and pstore is empty")
    found = [(message, line) for line in ran.lines if (message := known(line)) and message.id in CRASHES]
    if not found:
        return passed(f"no crash in {len(ran.lines)} lines", Evidence(ran.command, "\n".join(ran.lines[-3:])))
    told = Evidence("the last boot's log", "\n".join(f"{message.id}: {line}" for message, line in found[:20]))
    return failed(f"the last boot ended with a crash: {found[0][1].strip()}", told)


@HARDWARE_CHECKS.check(
    "kernel.no-known-errors",
    "The kernel log has no known error messages",
    remedy="Read the diagnosis: each of these messages has its own cause and remedy.",
)
def known_messages(node: NodeUnderTest) -> Answer:
    """Every line since boot is compared with the table of `npu/messages.py`."""
    ran = node.must("dmesg")
    found = [(message, line) for line in ran.lines if (message := known(line))]
    if not found:
        return passed(f"none of {len(ran.lines)} lines is a known error message", Evidence("dmesg", "none of them"))
    told = Evidence("dmesg", "\n".join(f"{message.id}: {line}" for message, line in found[:20]))
    meanings = dict.fromkeys(message.meaning for message, _ in found)
    return failed("; ".join(meanings), told)
