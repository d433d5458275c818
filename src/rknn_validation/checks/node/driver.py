"""The driver at work: bound, with all cores, its IOMMU, a compatible runtime, power and clocks."""

from __future__ import annotations

import re

from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed, skipped
from rknn_validation.checks.node.device import NODES
from rknn_validation.checks.node.reading import read
from rknn_validation.checks.node.registry import HARDWARE_CHECKS, NodeUnderTest, Ran
from rknn_validation.machine.activation.python import is_toolkit
from rknn_validation.npu.kernels import at_least
from rknn_validation.npu.stacks import MAINLINE, STOCK_HERTZ, VENDOR
from rknn_validation.npu.together import UNPUBLISHED_RUNTIMES, against, broken, version_text
from rknn_validation.npu.versions import version_numbers

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
"""KiB of contiguous memory that a small model needs without an IOMMU (a 56 MB model failed with less)."""
NEEDS_MEMORY = 256 * 1024
"""KiB of free memory below which models fail for other reasons than the NPU."""


@HARDWARE_CHECKS.check(
    "driver.matches-stack",
    "The NPU is bound to this stack's driver",
    remedy="Boot the kernel and device tree of the stack that you want: one kernel serves one stack.",
)
def is_the_stacks(node: NodeUnderTest) -> Answer:
    """The driver that is bound below /sys/bus/platform/drivers; a version file or a loaded module proves nothing."""
    wanted = DRIVERS[node.expectation.brought_up.name]
    ran = node.must(_BOUND)
    bound = [line.split() for line in ran.lines]
    other = [device for driver, device in bound if driver != wanted]
    if other:
        return failed(f"another stack's driver has {', '.join(other)}", ran.evidence)
    if not bound:
        return failed(f"{wanted} has no NPU", ran.evidence)
    return passed(f"{wanted} has {', '.join(device for _, device in bound)}", ran.evidence)


@HARDWARE_CHECKS.check(
    "driver.all-cores",
    "The driver has all three cores",
    remedy="Describe all cores in the device tree: three nodes for mainline, three register banks for vendor.",
)
def cores(node: NodeUnderTest) -> Answer:
    """mainline: three bound devices; vendor: Core0 to Core2 in the driver's load file."""
    if node.expectation.brought_up is MAINLINE:
        ran = node.must(_BOUND)
        devices = [line for line in ran.lines if line.startswith("rocket ")]
        if len(devices) != len(MAINLINE.node_addresses):
            return failed(f"rocket has {len(devices)} of {len(MAINLINE.node_addresses)} cores", ran.evidence)
        return passed("rocket has three cores", ran.evidence)
    found = read(node, "/sys/kernel/debug/rknpu/load", "/proc/rknpu/load")
    load = found.first("/sys/kernel/debug/rknpu/load", "/proc/rknpu/load")
    if not load:
        return inconclusive("the driver's load file cannot be read (no debugfs, no /proc/rknpu)", found.seen)
    seen = sorted(set(re.findall(r"Core(\d)", load)))
    if seen != ["0", "1", "2"]:
        return failed(f"the driver reports {len(seen)} cores, an RK3588 has three: {load}", found.seen)
    return passed("the driver reports three cores", found.seen)


_LOAD = """\
for try in 1 2 3 4 5; do
load=$(cat /sys/kernel/debug/rknpu/load 2>/dev/null || cat /proc/rknpu/load) || exit 9
case "$load" in *[1-9]*%*) sleep 1 ;; *) break ;; esac; done
echo "$load"
"""
# Compared by device numbers: in a container the devnode may have another name.
_OPENERS = """\
npus=$(for path in $(NODES); do stat -L -c 'device=%t:%T ' "$path"; done)
find /proc/[0-9]*/fd -lname '/dev/*' -exec stat -L -c 'device=%t:%T %n' {} + 2>/dev/null \
| grep -F -e "$npus" | while read -r device path; do
pid=${path#/proc/}; pid=${pid%%/*}
echo "$pid $(cat "/proc/$pid/comm") since $(ps -o lstart= -p "$pid")"; done | sort -u"""
STUCK = "a job is stuck in the driver"


def stuck(node: NodeUnderTest) -> tuple[str, tuple[Evidence, ...]]:
    """Why no model may be started, "" where one may; asked before every model, which a stuck NPU would freeze."""
    if node.expectation.brought_up is MAINLINE:
        return "", ()
    load = node.run(_LOAD)
    busy = [one for one in re.findall(r"Core\d: *(\d+)%", load.stdout) if int(one)]
    if load.rc or not busy:
        return "", (load.evidence,)
    users = node.run(_OPENERS.replace("NODES", f"\n{NODES[VENDOR.name]}\n"))
    if users.rc or users.lines:
        return "", (load.evidence, users.evidence)
    return f"{STUCK}: a core is at {busy[0]} %, and nobody has the devnode open", (load.evidence, users.evidence)


@HARDWARE_CHECKS.check(
    "driver.nothing-stuck",
    "No job is stuck in the driver",
    remedy="Power the node off and on: nothing else ends the job, and the next program would freeze the node.",
    stacks=("vendor",),
)
def nothing_stuck(node: NodeUnderTest) -> Answer:
    """The load of each core, for five seconds, and who has the devnode open, by device number."""
    problem, seen = stuck(node)
    if problem:
        return failed(problem, *seen)
    if "Core" not in seen[0].output:
        return inconclusive("the driver's load file cannot be read (no debugfs, no /proc/rknpu)", *seen)
    if len(seen) > 1:
        return passed(f"the NPU is in use: {seen[1].output.splitlines()[0]}", *seen)
    return passed("the NPU is idle", *seen)


@HARDWARE_CHECKS.check(
    "driver.iommu-enabled",
    "Every NPU device has an IOMMU",
    remedy="Enable the NPU's MMU nodes in the device tree; without them only contiguous memory can be used.",
)
def iommu_on(node: NodeUnderTest) -> Answer:
    """`iommu_group` of each NPU device."""
    ran = node.must(_GROUPS)
    if not ran.lines:
        return skipped("there is no NPU device: see kernel.driver-bound")
    without = [line.split()[0] for line in ran.lines if line.endswith(" none")]
    if without:
        return failed(f"no IOMMU for {', '.join(without)}", ran.evidence)
    return passed(f"{len(ran.lines)} NPU devices, each with an IOMMU", ran.evidence)


@HARDWARE_CHECKS.check(
    "driver.memory-sufficient",
    "Enough memory is free for a model",
    remedy="Free some memory; where the IOMMU is off, enable it or reserve memory with cma=128M on the kernel "
    "command line.",
)
def memory_enough(node: NodeUnderTest) -> Answer:
    """Free memory, and contiguous memory where the NPU has no IOMMU."""
    ran = node.must(f"grep -E '^(MemAvailable|CmaTotal|CmaFree):' /proc/meminfo; {_GROUPS}")
    memory = {name: int(size) for name, size in re.findall(r"^(\w+): +(\d+) kB", ran.stdout, re.MULTILINE)}
    if "MemAvailable" not in memory:
        return inconclusive("/proc/meminfo does not show how much memory is free", ran.evidence)
    free, contiguous = memory["MemAvailable"], memory.get("CmaFree", 0)
    if any(line.endswith(".npu none") for line in ran.lines) and contiguous < NEEDS_CONTIGUOUS:
        return failed(f"no IOMMU, and {contiguous // 1024} MiB of contiguous memory", ran.evidence)
    if free < NEEDS_MEMORY:
        return failed(f"only {free // 1024} MiB of memory are free", ran.evidence)
    return passed(f"{free // 1024} MiB are free, {contiguous // 1024} MiB of them contiguous", ran.evidence)


MESA_AT_LEAST = (25, 3)
"""The first Mesa whose Teflon supports rocket."""

_VERSION_FILES = ("/sys/kernel/debug/rknpu/version", "/proc/rknpu/version", "/sys/module/rknpu/version")
_RUNTIME = """\
path=$(readlink -e /usr/lib/librknnrt.so || readlink -e /run/current-system/sw/lib/librknnrt.so) || exit 3
echo "$path"; grep -a -o -m 1 -E 'librknnrt version: [0-9.]+' "$path\""""
_TEFLON = "uname -r && readlink -e /run/opengl-driver/lib/libteflon.so"


@HARDWARE_CHECKS.check(
    "driver.fits-runtime",
    "Driver and runtime versions are compatible",
    remedy="Vendor: use driver 0.9.8, and runtime and toolkit of one release. Mainline: use Linux 6.18 and Mesa 25.3 "
    "or later.",
)
def fits_runtime(node: NodeUnderTest) -> Answer:
    """The versions in the driver's file, in the library and in the toolkit's package."""
    return _mainline(node) if node.expectation.brought_up is MAINLINE else _vendor(node)


def _vendor(node: NodeUnderTest) -> Answer:
    files = read(node, *_VERSION_FILES)
    driver = _numbers(files.first(*_VERSION_FILES))
    library = node.run(_RUNTIME)
    runtime = _numbers(library.stdout.partition("librknnrt version:")[2])
    evidence = (files.seen, library.evidence)
    if driver is None:
        return inconclusive("the driver reports no version (no debugfs, no /proc/rknpu)", *evidence)
    if bad := broken(driver):
        return failed(f"driver {version_text(driver)}: {bad.what} ({bad.source})", *evidence)
    if library.rc == 3:
        return skipped("there is no librknnrt.so in /usr/lib or the system profile: see python.runtime-in-place")
    if runtime is None:
        return inconclusive("the runtime reports no version", *evidence)
    toolkit = _toolkit(node)
    if problem := against(driver, runtime, toolkit):
        return failed(problem, *evidence)
    if toolkit in UNPUBLISHED_RUNTIMES and toolkit != runtime:
        return inconclusive(f"whether they fit is not published: {UNPUBLISHED_RUNTIMES[toolkit]}", *evidence)
    return passed(f"driver {version_text(driver)}, runtime {version_text(runtime)}", *evidence)


def _toolkit(node: NodeUnderTest) -> tuple[int, ...] | None:
    versions = [one.version for one in node.expectation.configuration.packages() if is_toolkit(one)]
    return next((_numbers(version) for version in versions if version), None)


def _mainline(node: NodeUnderTest) -> Answer:
    ran: Ran = node.run(_TEFLON)
    if not ran.lines:
        return inconclusive("the node does not report its kernel", ran.evidence)
    if not at_least(ran.lines[0], "6.18"):
        return failed(f"Linux {ran.lines[0]} has no rocket; 6.18 is the first", ran.evidence)
    if len(ran.lines) == 1:
        return skipped("there is no libteflon.so in /run/opengl-driver/lib: see library.teflon-loads")
    mesa = re.search(r"mesa-(\d+)\.(\d+)", ran.lines[1])
    if mesa is None:
        return inconclusive(f"{ran.lines[1]} does not contain Mesa's version", ran.evidence)
    if (int(mesa[1]), int(mesa[2])) < MESA_AT_LEAST:
        return failed(f"Mesa {mesa[1]}.{mesa[2]} does not support rocket; 25.3 is the first that does", ran.evidence)
    return passed(f"Linux {ran.lines[0]}, Mesa {mesa[1]}.{mesa[2]}", ran.evidence)


def _numbers(text: str) -> tuple[int, ...] | None:
    found = re.search(r"\d+(?:\.\d+)+", text)
    return version_numbers(found[0]) if found else None


_OURS = re.compile(r"npu|rknn|rocket|fda[bcd]\d000", re.IGNORECASE)
_TRIPS = ("passive", "hot", "critical")


@HARDWARE_CHECKS.check(
    "power.nothing-deferred",
    "No device of the NPU is deferred",
    remedy="Enable what the line names: a regulator, a clock or an MMU, with its driver loaded early enough.",
)
def nothing_deferred(node: NodeUnderTest) -> Answer:
    """The kernel's list of devices whose probe is deferred."""
    ran = node.run("cat /sys/kernel/debug/devices_deferred")
    if ran.rc:
        return inconclusive("the kernel's list of deferred devices cannot be read (no debugfs)", ran.evidence)
    waiting = [line for line in ran.lines if _OURS.search(line)]
    if waiting:
        return failed(f"the NPU waits: {' '.join(waiting[0].split())}", ran.evidence)
    return passed("no device of the NPU is deferred", ran.evidence)


@HARDWARE_CHECKS.check(
    "power.supply-on",
    "The NPU's supply is on while the NPU is in use",
    remedy="Make it the power domain's supply, or always-on; the kernel switches off supplies without a consumer.",
)
def supply_on(node: NodeUnderTest) -> Answer:
    """Regulators by name, and whether the NPU's devices are suspended."""
    found = read(
        node,
        "/sys/class/regulator/regulator.*/name",
        "/sys/class/regulator/regulator.*/state",
        "/sys/bus/platform/drivers/RKNPU/*.npu/power/runtime_status",
        "/sys/bus/platform/drivers/rocket/*.npu/power/runtime_status",
    )
    supplies = [files for files in found.by_directory().values() if "npu" in files.get("name", "").lower()]
    if not any(path.startswith("/sys/class/regulator/") for path in found.values):
        return inconclusive("the kernel shows no regulators", found.seen)
    if not supplies:
        return skipped("no regulator is named after the NPU")
    off = [files["name"] for files in supplies if files.get("state") == "disabled"]
    idle = [value for path, value in found.values.items() if path.endswith("/runtime_status")]
    if not off:
        return passed(f"{', '.join(files['name'] for files in supplies)}: on", found.seen)
    if idle and set(idle) <= {"suspended", "unsupported"}:
        return passed(f"{', '.join(off)}: off while the NPU is idle", found.seen)
    why = "while the NPU is in use" if idle else "and no driver has the NPU"
    return failed(f"{', '.join(off)} is off {why}", found.seen)


@HARDWARE_CHECKS.check(
    "power.temperature",
    "The NPU is below its throttling temperature",
    remedy="Improve the cooling: heat sink, fan, air flow. A hot NPU is slowed down and then switched off.",
)
def cool_enough(node: NodeUnderTest) -> Answer:
    """The temperature of the NPU's thermal zone is below its trip points."""
    zone = "/sys/class/thermal/thermal_zone*"
    found = read(node, f"{zone}/type", f"{zone}/temp", f"{zone}/trip_point_*_temp", f"{zone}/trip_point_*_type")
    zones = [files for files in found.by_directory().values() if "npu" in files.get("type", "")]
    if not zones:
        return skipped("no thermal zone is named after the NPU")
    files = zones[0]
    trips = [
        int(files[name])
        for name in files
        if re.fullmatch(r"trip_point_\d+_temp", name)
        and files.get(name.replace("_temp", "_type")) in _TRIPS
        and re.fullmatch(r"\d+", files[name])
    ]
    if not re.fullmatch(r"-?\d+", files.get("temp", "")):
        return inconclusive("the NPU's sensor reports no temperature", found.seen)
    temperature = int(files["temp"])
    if trips and temperature >= min(trips):
        return failed(f"{temperature / 1000:.0f} °C; it is slowed down from {min(trips) / 1000:.0f} °C on", found.seen)
    limit = f"below the limit of {min(trips) / 1000:.0f} °C" if trips else "without a limit to compare with"
    return passed(f"{temperature / 1000:.0f} °C, {limit}", found.seen)


@HARDWARE_CHECKS.check(
    "power.frequency-is-stock",
    "The NPU runs at one of the SoC's operating points",
    remedy="Remove the overclock: the device tree's table, or what writes to devfreq.",
    stacks=("vendor",),
)
def frequency_is_stock(node: NodeUnderTest) -> Answer:
    """`cur_freq` of devfreq is one of its `available_frequencies`, none of which is above the SoC's own."""
    where = "/sys/class/devfreq/*.npu"
    found = read(node, f"{where}/cur_freq", f"{where}/available_frequencies")
    devices = list(found.by_directory().values())
    if not devices:
        return skipped("the driver has no frequency to control (no devfreq)")
    now, points = devices[0].get("cur_freq", ""), devices[0].get("available_frequencies", "").split()
    if not now.isdigit() or not points:
        return inconclusive("devfreq does not report the NPU's frequency", found.seen)
    if now not in points:
        return failed(f"{int(now) // 1000000} MHz is not one of its operating points", found.seen)
    highest = max(map(int, filter(str.isdigit, points)), default=0)
    if highest > STOCK_HERTZ:
        above = f"above this SoC's {STOCK_HERTZ // 1000000} MHz"
        return failed(f"the node's table goes up to {highest // 1000000} MHz, {above}", found.seen)
    return passed(f"{int(now) // 1000000} MHz, one of {len(points)} operating points", found.seen)
