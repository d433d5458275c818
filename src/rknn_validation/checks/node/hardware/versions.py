"""Driver, runtime and toolkit: versions that are known not to work together."""

from __future__ import annotations

import re

from rknn_validation.checks.model import Answer, failed, inconclusive, passed, skipped
from rknn_validation.checks.node.hardware.reading import read
from rknn_validation.checks.node.question import HARDWARE_CHECKS, Question, Ran
from rknn_validation.machine.activation.python import is_toolkit
from rknn_validation.npu.kernels import at_least
from rknn_validation.npu.stacks import MAINLINE
from rknn_validation.npu.versions import version_numbers

BROKEN_DRIVERS = {(0, 9, 3): "cores 1 and 2 take no jobs (rockchip-linux/rknn-toolkit2#320)"}
"""Driver versions with a known fault, with where it was told."""
MESA_AT_LEAST = (25, 3)
"""The first Mesa whose Teflon knows rocket."""

_VERSION_FILES = ("/sys/kernel/debug/rknpu/version", "/proc/rknpu/version", "/sys/module/rknpu/version")
_RUNTIME = """\
path=$(readlink -e /usr/lib/librknnrt.so || readlink -e /run/current-system/sw/lib/librknnrt.so) || exit 3
echo "$path"; grep -a -o -m 1 -E 'librknnrt version: [0-9.]+' "$path\""""
_TEFLON = "uname -r && readlink -e /run/opengl-driver/lib/libteflon.so"


@HARDWARE_CHECKS.check(
    "driver.fits-runtime",
    stage="library",
    title="do the versions of driver and runtime go together?",
    remedy="vendor: driver 0.9.8, runtime and toolkit of one release; mainline: Linux 6.18 and Mesa 25.3 or later",
)
def fits_runtime(question: Question) -> Answer:
    """What each says of itself: the driver's version file, the text in the library, the toolkit's package."""
    return _mainline(question) if question.expectation.brought_up is MAINLINE else _vendor(question)


def _vendor(question: Question) -> Answer:
    files = read(question, *_VERSION_FILES)
    driver = _numbers(files.first(*_VERSION_FILES))
    library = question.run(_RUNTIME)
    runtime = _numbers(library.stdout.partition("librknnrt version:")[2])
    evidence = (files.seen, library.evidence)
    if driver is None:
        return inconclusive("the driver tells no version (no debugfs, no /proc/rknpu)", *evidence)
    if driver in BROKEN_DRIVERS:
        return failed(f"driver {_text(driver)}: {BROKEN_DRIVERS[driver]}", *evidence)
    if library.rc == 3:
        return skipped("there is no librknnrt.so in /usr/lib or the system profile: see python.runtime-in-place")
    if runtime is None:
        return inconclusive("the runtime tells no version", *evidence)
    toolkit = _toolkit(question)
    if toolkit is not None and toolkit[:2] != runtime[:2]:
        return failed(f"runtime {_text(runtime)} with a toolkit of {_text(toolkit)}", *evidence)
    return passed(f"driver {_text(driver)}, runtime {_text(runtime)}", *evidence)


def _toolkit(question: Question) -> tuple[int, ...] | None:
    versions = [one.version for one in question.expectation.configuration.packages() if is_toolkit(one)]
    return next((_numbers(version) for version in versions if version), None)


def _mainline(question: Question) -> Answer:
    ran: Ran = question.run(_TEFLON)
    if not ran.lines:
        return inconclusive("the node does not say which kernel runs", ran.evidence)
    if not at_least(ran.lines[0], "6.18"):
        return failed(f"Linux {ran.lines[0]} has no rocket; 6.18 is the first", ran.evidence)
    if len(ran.lines) == 1:
        return skipped("there is no libteflon.so in /run/opengl-driver/lib: see library.teflon")
    mesa = re.search(r"mesa-(\d+)\.(\d+)", ran.lines[1])
    if mesa is None:
        return inconclusive(f"{ran.lines[1]} does not tell Mesa's version", ran.evidence)
    if (int(mesa[1]), int(mesa[2])) < MESA_AT_LEAST:
        return failed(f"Mesa {mesa[1]}.{mesa[2]} does not know rocket; 25.3 is the first that does", ran.evidence)
    return passed(f"Linux {ran.lines[0]}, Mesa {mesa[1]}.{mesa[2]}", ran.evidence)


def _numbers(text: str) -> tuple[int, ...] | None:
    found = re.search(r"\d+(?:\.\d+)+", text)
    return version_numbers(found[0]) if found else None


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
