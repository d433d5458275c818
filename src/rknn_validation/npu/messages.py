"""Kernel messages about the NPU: lines that name a problem, and lines that only look like one.

`source` is where a line was seen with its cause: a public thread (`owner/repo#n`), the kernel's file that prints it, or
"ran" for an emulated board with the real driver.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    """One line of the kernel's log: `pattern` finds it, `meaning` is what it says of the node, `remedy` what to do."""

    id: str
    pattern: str
    meaning: str
    remedy: str
    source: str

    def __post_init__(self) -> None:
        re.compile(self.pattern)


MESSAGES = (
    Message(
        "unsigned-module",
        r"(?i)key was rejected by service|Loading of unsigned module is rejected",
        "the kernel refuses a module that is not signed with its key",
        "sign the module, or boot a kernel that does not enforce signatures",
        "linux kernel/module/signing.c",
    ),
    Message(
        "module-of-another-kernel",
        r"(rknpu|rocket): (version magic '.*' should be|disagrees about version of symbol)",
        "the driver was built for another kernel",
        "take the driver from the package set of the kernel that boots: config.boot.kernelPackages",
        "linux kernel/module/main.c, kernel/module/version.c",
    ),
    Message(
        "module-lacks-symbols",
        r"(rknpu|rocket): Unknown symbol",
        "the kernel lacks a function the driver needs",
        "a kernel the driver is known to build and load with: docs/kernels.md",
        "linux kernel/module/main.c",
    ),
    Message(
        "regulator-not-there-yet",
        r"(?i)failed to get (vdd|npu|mem)?\s*regulator.*-517",
        "the NPU's regulator has no driver yet, so the NPU waits for it",
        "enable the driver of the board's PMIC or regulator, built in or in the initrd",
        "ran",
    ),
    Message(
        "probe-pending",
        r"\.npu: deferred probe pending",
        "the NPU waits for a supply, clock or MMU that never comes",
        "read the rest of the line; enable what it names",
        "linux drivers/base/dd.c",
    ),
    Message(
        "supply-switched-off",
        r"vdd_npu\w*: disabling",
        "the kernel switched the NPU's supply off because nothing had requested it yet",
        "mark the regulator always-on or the power domain's supply, or load the driver in the initrd",
        "flipperdevices/flipperone-linux-build-scripts#159",
    ),
    Message(
        "power-domain-dead",
        r"failed to (get ack on|set) (power )?domain 'npu\w*'",
        "the NPU's power domain does not answer: its supply is off",
        "mark the NPU's regulator always-on and boot-on",
        "armbian/build#7025",
    ),
    Message(
        "power-on-fault",
        r"SError.*rockchip_pd_power|rockchip_pd_power.*SError",
        "the kernel died while it powered the NPU's domain up",
        "a kernel with the settle delay for that domain; keep the domain on until then",
        "flipperdevices/flipperone-linux-build-scripts#55",
    ),
    Message(
        "iommu-off",
        r"rknpu iommu (is disabled|device-tree entry not found!), using non-iommu mode",
        "the IOMMU is off: only contiguous memory can be used",
        "enable the NPU's MMU node in the device tree, or reserve memory with cma=",
        "rockchip-linux/rknn-toolkit2#44",
    ),
    Message(
        "mmu-unclocked",
        r"rk_iommu.*(FORCE_RESET command timed out|MMU_DTE_ADDR is not functioning)",
        "the NPU's MMU does not answer: it has no clock or no power",
        "give the MMU node its clocks and power domain",
        "ran; flipperdevices/flipperone-linux-build-scripts#55",
    ),
    Message(
        "mmu-page-fault",
        r"rk_iommu .*: Page fault at",
        "the NPU accessed memory that was not mapped for it",
        "one MMU node that covers every core; then the client that submits the job",
        "rockchip-linux/kernel#102",
    ),
    Message(
        "no-contiguous-memory",
        r"RKNPU.*(swiotlb buffer is full|swiotlb: coherent allocation failed)",
        "the NPU found no contiguous memory for a buffer",
        "enable the IOMMU, or reserve memory with cma=128M",
        "rockchip-linux/rknn-toolkit2#218",
    ),
    Message(
        "job-timeout-vendor",
        r"RKNPU: (failed to wait job|job timeout|job abort|soft reset)",
        "a job did not finish, and the NPU was reset",
        "stock frequency and voltage; driver 0.9.8; a core mask the driver supports",
        "airockchip/rknn-toolkit2#536",
    ),
    Message(
        "job-timeout-mainline",
        r"rocket .*NPU job timed out|NPU job timed out",
        "a job did not finish, and the core was reset; the output is not what the model computes",
        "compare outputs with golden ones; a newer kernel and Mesa",
        "linux drivers/accel/rocket/rocket_job.c",
    ),
    Message(
        "kernel-crash-in-driver",
        r"(?:\bpc|\blr|PC is at|LR is at) ?:? ?(?:rknpu|rocket)_\w+|\b(?:Oops|BUG|Internal error)\b.*(?:rknpu|rocket)",
        "the kernel crashed in the NPU's driver",
        "reboot; a newer driver or kernel; the lines after it say in which function",
        "rockchip-linux/rknpu2#13; linux arch/arm64/kernel/traps.c",
    ),
    Message(
        "kernel-crash",
        r"Internal error: |Kernel panic - not syncing|Unable to handle kernel |kernel BUG at |Oops - BUG",
        "the kernel crashed: nothing that was seen after it counts",
        "reboot; the lines after it (pc, Call trace) name the driver that crashed",
        "rockchip-linux/rknpu2#13; linux arch/arm64/kernel/traps.c, kernel/panic.c",
    ),
    Message(
        "spinlock",
        r"BUG: spinlock (lockup|recursion|bad magic).*|rcu: .*self-detected stall.*rknpu",
        "the kernel hangs in a lock of the NPU driver",
        "a newer vendor kernel (rkr7.1, or 6.1)",
        "armbian/linux-rockchip#157",
    ),
)
"""Lines that name a trouble; what one line means does not depend on others."""

HARMLESS = {
    r"failed to find power_model node|failed to initialize power model|failed to get dynamic-coefficient": (
        "rockchip-linux/kernel#371"
    ),
    # A chip without OTP values: the driver takes its default voltage.
    r"Failed to get (specification_serial_number|leakage)": "Pelochus/ezrknn-toolkit2#1",
    r"can't request region for resource \[mem 0x": "armbian/build#6355",
    r"Looking up \S+-supply property in node .* failed": "armbian/build#6355",
    r"could not add device link .*: -EEXIST": "istoreos/istoreos#2014",
    r"module verification failed|loading out-of-tree module": "linux kernel/module/main.c",
}
"""Lines of boards whose NPU works, by pattern, with where they were seen."""

_HARMLESS = re.compile("|".join(HARMLESS))


def is_harmless(line: str) -> bool:
    """Whether a line only sounds like a trouble."""
    return bool(_HARMLESS.search(line))


def known(line: str) -> Message | None:
    """The trouble a line names, None where it names none that is known."""
    return next((message for message in MESSAGES if re.search(message.pattern, line)), None)
