"""What goes together: driver, runtime, toolkit, model and RKLLM releases, as data with the source of each row.

All numbers of a version are compared, the patch level included. `ran` is the emulated board with the real runtime;
what was told is named by its thread. What is in no row is unknown, and nothing is claimed about it.
"""

from __future__ import annotations

from dataclasses import dataclass

Version = tuple[int, ...]


@dataclass(frozen=True)
class Broken:
    """A driver release that does not work whatever runs on it."""

    driver: Version
    what: str
    source: str


@dataclass(frozen=True)
class Least:
    """The drivers that runtimes need, from release `since` up to the next row's.

    Below `fails` the runtime refuses to start or does not work, below `warns` it works with a warning; None where that
    is not known.
    """

    runtime: str
    since: Version
    fails: Version | None
    warns: Version | None
    source: str


BROKEN_DRIVERS = (
    Broken((0, 9, 2), "cores 1 and 2 take no jobs, and the node may hang", "airockchip/rknn-toolkit2#294"),
    Broken((0, 9, 3), "cores 1 and 2 take no jobs", "rockchip-linux/rknn-toolkit2#320"),
)
"""Drivers that fit no runtime."""

LEAST_DRIVERS = (
    Least("librknnrt", (1, 5, 2), (0, 7, 0), (0, 8, 8), "ran: every driver version was tried with runtime 1.5.2"),
    # Of 2.3.2 it was told that 0.9.2 is too old; that all of 2.x want 0.9 is read from what is reported to work.
    Least("librknnrt", (2, 0, 0), (0, 9, 0), None, "LuckfoxTECH/luckfox-pico#328"),
    Least("librkllmrt", (1, 1, 2), None, (0, 9, 7), "Pelochus/ezrknn-llm#19"),
)
"""Least drivers, oldest runtime first."""

UNPUBLISHED_RUNTIMES = {(2, 5, 0): "rknn-toolkit-lite2 2.5.0 is on the package index, a librknnrt.so 2.5.0 is not"}
"""Toolkits for which no runtime of the same release is known, and why."""

MODELS = (
    ("2.3.2", "1.5.2", "loads and runs, with the warning `RKNN Model version: 2.3.2 not match`", "ran"),
    ("2.3.0", "2.3.2", "crashes; a runtime 2.3.0 runs it", "jaylfc/taOS#42"),
    ("2.3.2", "2.3.0", "crashes in rknn_run(); a runtime 2.3.2 runs it", "airockchip/rknn-toolkit2#506"),
)
"""Toolkit that made the model, runtime, what happens, source."""


def version_text(version: Version) -> str:
    """`(2, 3, 2)` as 2.3.2."""
    return ".".join(map(str, version))


def broken(driver: Version) -> Broken | None:
    """Why a driver fits no runtime, None where nothing is known against it."""
    return next((one for one in BROKEN_DRIVERS if one.driver == driver[: len(one.driver)]), None)


def least_driver(runtime: str, version: Version) -> Least | None:
    """The row for a release of `librknnrt` or `librkllmrt`, None for releases older than every row."""
    return next((one for one in reversed(LEAST_DRIVERS) if one.runtime == runtime and one.since <= version), None)


def against(driver: Version, runtime: Version, toolkit: Version | None = None) -> str:
    """What is known against these releases together, "" where nothing is."""
    if bad := broken(driver):
        return f"driver {version_text(driver)}: {bad.what} ({bad.source})"
    if toolkit is not None and toolkit != runtime and toolkit not in UNPUBLISHED_RUNTIMES:
        return f"runtime {version_text(runtime)} with a toolkit of {version_text(toolkit)}"
    row = least_driver("librknnrt", runtime)
    if row is not None and row.fails is not None and driver < row.fails:
        needs = f"runtime {version_text(runtime)} needs driver {version_text(row.fails)} or later"
        return f"driver {version_text(driver)} is too old: {needs} ({row.source})"
    return ""
