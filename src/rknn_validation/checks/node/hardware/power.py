"""Supplies, waiting devices, heat and clocks."""

from __future__ import annotations

import re

from rknn_validation.checks.model import Answer, failed, inconclusive, passed, skipped
from rknn_validation.checks.node.hardware.reading import read
from rknn_validation.checks.node.question import HARDWARE_CHECKS, Question

_OURS = re.compile(r"npu|rknn|rocket|fda[bcd]\d000", re.IGNORECASE)
_TRIPS = ("passive", "hot", "critical")


@HARDWARE_CHECKS.check(
    "power.nothing-deferred",
    stage="power",
    title="does no device of the NPU wait for another?",
    remedy="enable what the line names: a regulator, a clock, an MMU, and its driver early enough",
)
def nothing_deferred(question: Question) -> Answer:
    """The kernel's list of devices whose probe is put off."""
    ran = question.run("cat /sys/kernel/debug/devices_deferred")
    if ran.rc:
        return inconclusive("the kernel's list of waiting devices cannot be read (no debugfs)", ran.evidence)
    waiting = [line for line in ran.lines if _OURS.search(line)]
    if waiting:
        return failed(f"the NPU waits: {' '.join(waiting[0].split())}", ran.evidence)
    return passed("nothing of the NPU waits", ran.evidence)


@HARDWARE_CHECKS.check(
    "power.supply-on",
    stage="power",
    title="is the NPU's supply on, or off only while it is idle?",
    remedy="make it the power domain's supply, or always-on; the kernel switches off what nobody asked for",
)
def supply_on(question: Question) -> Answer:
    """Regulators by name, and whether the NPU's devices are suspended."""
    found = read(
        question,
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
    "power.cool-enough",
    stage="power",
    title="is the NPU below the temperature at which it is slowed down?",
    remedy="cooling: a heat sink, a fan that turns, air; a hot NPU is slowed down and then switched off",
)
def cool_enough(question: Question) -> Answer:
    """The NPU's thermal zone against its trip points."""
    zone = "/sys/class/thermal/thermal_zone*"
    found = read(question, f"{zone}/type", f"{zone}/temp", f"{zone}/trip_point_*_temp", f"{zone}/trip_point_*_type")
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
        return inconclusive("the NPU's sensor gives no temperature", found.seen)
    temperature = int(files["temp"])
    if trips and temperature >= min(trips):
        return failed(f"{temperature / 1000:.0f} °C; it is slowed down from {min(trips) / 1000:.0f} °C on", found.seen)
    limit = f"below the limit of {min(trips) / 1000:.0f} °C" if trips else "without a limit to compare with"
    return passed(f"{temperature / 1000:.0f} °C, {limit}", found.seen)


@HARDWARE_CHECKS.check(
    "power.frequency-is-stock",
    stage="power",
    title="does the NPU run at one of its own operating points?",
    remedy="remove the overclock: the device tree's table, or what writes to devfreq",
    stacks=("vendor",),
)
def frequency_is_stock(question: Question) -> Answer:
    """`cur_freq` of devfreq among its `available_frequencies`."""
    where = "/sys/class/devfreq/*.npu"
    found = read(question, f"{where}/cur_freq", f"{where}/available_frequencies")
    devices = list(found.by_directory().values())
    if not devices:
        return skipped("the driver has no frequency to control (no devfreq)")
    now, points = devices[0].get("cur_freq", ""), devices[0].get("available_frequencies", "").split()
    if not now.isdigit() or not points:
        return inconclusive("devfreq does not tell the NPU's frequency", found.seen)
    if now not in points:
        return failed(f"{int(now) // 1000000} MHz is none of its operating points", found.seen)
    return passed(f"{int(now) // 1000000} MHz, one of {len(points)} operating points", found.seen)
