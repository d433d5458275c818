"""The model on every core, from two clients, and for a long time: run levels 2 and 3.

What a short run does not show: a core that takes no jobs, a clock that stays low while the NPU works, an output that
changes, and what a process loses with every run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed, skipped
from rknn_validation.checks.node.inference import (
    NOTHING,
    PLACE,
    RUN,
    measured,
    measurement,
    runner_text,
    task,
    without_python,
    wrong_output,
)
from rknn_validation.checks.node.reading import read
from rknn_validation.checks.node.registry import HARDWARE_CHECKS, NodeUnderTest
from rknn_validation.npu.stacks import STOCK_HERTZ, VENDOR
from rknn_validation.npu.together import broken
from rknn_validation.npu.versions import version_numbers
from rknn_validation.subject.inference import Inference

SYS = "/sys"
CORES = {1: "core 0", 2: "core 1", 4: "core 2", 7: "all cores"}
"""The vendor's core masks that are tried, one after the other."""
RUN_SECONDS = 6.0
"""How long the model runs on each core, from two clients, and for its latency."""
TWO_CLIENTS_SINCE = (0, 9, 7)
"""The vendor's first driver that is known to stand two clients at once (rockchip-linux/rknn-toolkit2#297)."""
SLOWER = 1.25
"""A latency this many times the reference is too slow, and a soak that ends this many times slower drifts."""
LEAK = {"files": (2, "open files"), "memory": (16 * 1024, "kB of memory"), "buffers": (4, "buffers of the kernel")}
"""What may be held more at the end of a soak than after its first tenth."""
POLL_SECONDS = 30
Found = tuple[dict[str, Any], Evidence]
_VERSION = ("/sys/kernel/debug/rknpu/version", "/proc/rknpu/version")
_START = "mkdir -p %s && : >%s && { setsid %s >%s 2>&1 </dev/null & echo $!; }"


def _model(ask: Callable[[NodeUnderTest, Inference], Answer]) -> Callable[[NodeUnderTest], Answer]:
    """A check of a model: skipped where none is to be run."""

    def asked(node: NodeUnderTest) -> Answer:
        wanted = node.expectation.inference
        return skipped(NOTHING) if wanted is None else ask(node, wanted)

    asked.__doc__ = ask.__doc__
    return asked


def _run(node: NodeUnderTest, wanted: Inference, cores: int = 0) -> Found | Answer:
    return measured(node, wanted, sys=SYS, every=0.2, beat="", seconds=RUN_SECONDS, cores=cores)


def _differs(result: dict[str, Any], wanted: Inference) -> str:
    """What is wrong with the outputs, "" where nothing is."""
    if result["outputs"] > 1:
        return f"{result['runs']} runs gave {result['outputs']} different outputs for one input"
    return wrong_output(result, wanted)


def _driver(node: NodeUnderTest) -> tuple[int, ...] | None:
    found = re.search(r"\d+(\.\d+)+", read(node, *_VERSION).first(*_VERSION))
    return version_numbers(found[0]) if found else None


@HARDWARE_CHECKS.check(
    "inference.every-core",
    "Every core computes the expected output",
    remedy="Use driver 0.9.8, which gives jobs to every core; a core that computes something else has no stable supply "
    "or clock: read the kernel's log.",
    level=2,
)
@_model
def every_core(node: NodeUnderTest, wanted: Inference) -> Answer:
    """The model runs for seconds on each core and on all, and gives one output each time; interrupts are counted."""
    if node.expectation.brought_up is not VENDOR:
        return _cores_at_once(node, wanted)
    driver = _driver(node)
    if driver and broken(driver):
        return skipped("jobs on core 1 or 2 would hang the node with this driver: see driver.fits-runtime")
    seen: list[Evidence] = []
    for mask, name in CORES.items():
        found = _run(node, wanted, mask)
        if isinstance(found, Answer):
            return Answer(found.status, f"{name}: {found.reason}", (*seen, *found.evidence))
        result, evidence = found
        seen.append(Evidence(f"{name}: {evidence.source}", evidence.output))
        if wrong := _differs(result, wanted):
            return failed(f"{name}: {wrong} ({wanted.words})", *seen)
        if sum(result["by_core"].values()) == 0 and result["by_core"]:
            return failed(f"{name}: the output is right, but the NPU raised no interrupt: the CPU computed it", *seen)
        if not result["by_core"]:
            return inconclusive(f"{name}: the output is right, but it is unknown what computed it", *seen)
    return passed(f"the same output on {', '.join(CORES.values())}", *seen)


def _cores_at_once(node: NodeUnderTest, wanted: Inference) -> Answer:
    """Mainline's scheduler chooses the core: with as many clients as cores, each core has to work."""
    found = _together(node, wanted, len(node.expectation.brought_up.node_addresses))
    if isinstance(found, Answer):
        return found
    results, evidence = found
    worked: dict[str, int] = {}
    for result in results:
        if wrong := _differs(result, wanted):
            return failed(f"{wrong} ({wanted.words})", evidence)
        for core, count in result["by_core"].items():
            worked[core] = max(worked.get(core, 0), count)
    if not worked or not any(worked.values()):
        why = "the NPU raised no interrupt: the CPU computed it" if worked else "it is unknown what computed it"
        return (failed if worked else inconclusive)(f"the output is right, but {why}", evidence)
    idle = [core for core, count in worked.items() if not count]
    if idle:
        return inconclusive(f"{', '.join(idle)} did nothing while {len(results)} clients ran: is it used?", evidence)
    return passed(f"the same output from {len(results)} clients, and {', '.join(worked)} worked", evidence)


def _together(node: NodeUnderTest, wanted: Inference, clients: int) -> tuple[list[dict[str, Any]], Evidence] | Answer:
    """What several clients at the same time measured, or the answer of the first that could not."""
    if missing := without_python(node, wanted):
        return missing
    given = {**task(node, wanted), "sys": SYS, "every": 0.2, "beat": "", "seconds": RUN_SECONDS, "cores": 0}
    words = (wanted.python, runner_text(), json.dumps(given))
    ran = node.run(f"{' & '.join([RUN] * clients)} & wait", *words * clients)
    lines = [line for line in ran.lines if line.startswith("RKNN-RESULT ")]
    if len(lines) < clients:
        seen = Evidence(f"{clients} x {wanted.python} runner.py", ran.evidence.output)
        return inconclusive(f"{clients - len(lines)} of {clients} clients did not run to their end", seen)
    results = []
    for line in lines:
        found = measurement(ran, wanted, [line])
        if isinstance(found, Answer):
            return found
        results.append(found[0])
    return results, Evidence(f"{clients} x {wanted.python} runner.py", ran.evidence.output)


@HARDWARE_CHECKS.check(
    "inference.two-clients",
    "Two clients at once get the right output",
    remedy="Use driver 0.9.8; until then let one process at a time use the NPU.",
    level=2,
)
@_model
def two_clients(node: NodeUnderTest, wanted: Inference) -> Answer:
    """Two processes run the model at the same time. Not asked of a driver that two clients may crash."""
    if node.expectation.brought_up is VENDOR:
        driver = _driver(node)
        if driver is None:
            return skipped("the driver reports no version, and two clients crash some drivers")
        if driver < TWO_CLIENTS_SINCE:
            return skipped(f"two clients at once can crash driver {'.'.join(map(str, driver))}, so it was not tried")
    found = _together(node, wanted, 2)
    if isinstance(found, Answer):
        return found
    results, evidence = found
    wrong = next(filter(None, (_differs(result, wanted) for result in results)), "")
    if wrong:
        return failed(f"{wrong} ({wanted.words})", evidence)
    return passed(f"both outputs are right, {' and '.join(str(one['runs']) for one in results)} runs", evidence)


def _hertz(result: dict[str, Any]) -> list[int]:
    seen = result["seen"]
    return [int(one) for one in seen.get("frequency") or seen.get("clock") or () if one.isdigit()]


@HARDWARE_CHECKS.check(
    "power.frequency-under-load",
    "The NPU runs at its stock frequency while a model runs",
    remedy="Set the governor of /sys/class/devfreq/*.npu to rknpu_ondemand or performance and max_freq to 1000 MHz; "
    "a hot NPU is slowed down until it is cooled.",
    stacks=("vendor",),
    level=2,
)
@_model
def frequency_under_load(node: NodeUnderTest, wanted: Inference) -> Answer:
    """Frequency, governor, load and temperature are read while the model runs, and compared with the SoC's 1000 MHz."""
    found = _run(node, wanted)
    if isinstance(found, Answer):
        return found
    result, evidence = found
    hertz = _hertz(result)
    if not hertz:
        return skipped("the driver has no frequency to control (no devfreq), and its clock cannot be read")
    seen = {name: values[-1] for name, values in result["seen"].items() if values and values[-1]}
    words = [f"{max(hertz) // 1_000_000} MHz while the model runs"]
    words += [f"governor {seen['governor']}"] if "governor" in seen else []
    words += [f"max_freq {int(seen['max_freq']) // 1_000_000} MHz"] if seen.get("max_freq", "").isdigit() else []
    words += [f"{int(seen['temperature']) / 1000:.0f} °C"] if seen.get("temperature", "").lstrip("-").isdigit() else []
    told = ", ".join(words)
    if max(hertz) < STOCK_HERTZ:
        return failed(f"{told}; this SoC's NPU runs at {STOCK_HERTZ // 1_000_000} MHz", evidence)
    if max(hertz) > STOCK_HERTZ:
        return failed(f"{told}; it is overclocked: this SoC's NPU runs at {STOCK_HERTZ // 1_000_000} MHz", evidence)
    return passed(told, evidence)


@HARDWARE_CHECKS.check(
    "inference.latency",
    "The model is as fast as this board is known to run it",
    remedy="Compare frequency and temperature under load first, then the versions of runtime and driver.",
    level=2,
)
@_model
def latency(node: NodeUnderTest, wanted: Inference) -> Answer:
    """The median time of one run, compared with `reference_milliseconds` of the subject file."""
    if wanted.reference_milliseconds is None:
        return skipped("no reference_milliseconds is given, and the shipped model was never timed on a board")
    found = _run(node, wanted)
    if isinstance(found, Answer):
        return found
    result, evidence = found
    told = f"{result['median_ms']:.1f} ms, the reference is {wanted.reference_milliseconds:g} ms"
    if result["median_ms"] > SLOWER * wanted.reference_milliseconds:
        return failed(f"{told}: more than {SLOWER:g} times as slow", evidence)
    return passed(told, evidence)


@HARDWARE_CHECKS.check(
    "inference.soak",
    "The model runs for a long time without drift or leaks",
    remedy="Cool the NPU if it gets slower; if files, memory or buffers grow, release each model and output, and use "
    "newer runtime and driver.",
    level=3,
)
@_model
def soak(node: NodeUnderTest, wanted: Inference) -> Answer:
    """The model runs in one process: its outputs, times, temperature, and what it holds, early and late."""
    if missing := without_python(node, wanted):
        return missing
    seconds = node.expectation.soak_seconds
    found = _long_run(node, wanted, seconds)
    if isinstance(found, Answer):
        return found
    result, evidence = found
    if result["seconds"] < seconds:
        return inconclusive(f"it ended after {result['seconds']:.0f} of {seconds:.0f} s", evidence)
    if wrong := _differs(result, wanted):
        return failed(f"{wrong} ({wanted.words})", evidence)
    if grown := _grown(*result["held"]):
        return failed(f"after {result['runs']} runs the process holds more: {grown}", evidence)
    first, last = result["first_ms"], result["last_ms"]
    hot = _hottest(result)
    if last > SLOWER * first:
        return failed(f"a run takes {last:.1f} ms at the end, {first:.1f} ms at first{hot}", evidence)
    told = f"{result['runs']} runs in {result['seconds']:.0f} s with one output, {first:.1f} ms at first, {last:.1f} ms"
    return passed(f"{told} at the end{hot}", evidence)


def _long_run(node: NodeUnderTest, wanted: Inference, seconds: float) -> Found | Answer:
    """Start the run, wait for its end in short commands, and read its result. The run ends if nobody waits for it."""
    beat, output = f"{PLACE}/soak.beat", f"{PLACE}/soak.output"
    given = {**task(node, wanted), "sys": SYS, "every": min(10.0, seconds / 20), "beat": beat, "seconds": seconds}
    words = (wanted.python, runner_text(), json.dumps(given))
    started = node.must(_START.replace("setsid %s", f"setsid {RUN}"), PLACE, beat, *words, output)
    pid = started.stdout.strip()
    wait = f"touch %s; timeout {POLL_SECONDS} tail -s 0.2 --pid=%s -f /dev/null || kill -0 %s 2>/dev/null"
    # Each turn ends with the process or after POLL_SECONDS; the node's deadline ends them all.
    while node.run(wait, beat, pid, pid).rc == 0 and node.run("kill -0 %s", pid).rc == 0:
        pass
    ran = node.run("cat %s", output)
    return measurement(ran, wanted, ran.lines)


def _grown(early: dict[str, int | None], late: dict[str, int | None]) -> str:
    """What a process holds more than it may, "" where nothing is known to have grown."""
    found = []
    for name, (allowed, words) in LEAK.items():
        before, after = early.get(name), late.get(name)
        if before is not None and after is not None and after - before > allowed:
            found.append(f"{after} {words}, {before} at first")
    return "; ".join(found)


def _hottest(result: dict[str, Any]) -> str:
    degrees = [int(one) for one in result["seen"].get("temperature", ()) if one.lstrip("-").isdigit()]
    return f", {max(degrees) / 1000:.0f} °C at most" if degrees else ""
