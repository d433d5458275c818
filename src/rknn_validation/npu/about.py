"""Decides whether a text is about the NPU."""

from __future__ import annotations

import re

# Unmistakable names. They may be part of longer names (librknnrt, rk-llama, my_rknpu2_service, rknnlite).
_NAMES = r"rknn|rknpu|rk-?npu|rk-?llm|rkllama|rk-llama|teflon|rockchip[-_,]npu|rk35\d\ds?[-_,.]npu"
# `npu` as a word of its own or of a name: npu-server, enableNpu, NPU_CORE, npu0, npu@fdab0000; not input, npujs.
_WORD = r"(?<![A-Za-z])(?:[nN]pus?(?![a-z])|NPUs?(?![A-Za-z])|NPU(?=[A-Z][a-z]))|(?<=[a-z])(?:Npu|NPU)s?(?![a-z])"
# The driver `rocket`, and not what else is called so (rocket-chip, rocketchat, rocketmq, sprockets).
_DRIVER = r"(?<![A-Za-z0-9_/.-])rocket(?![A-Za-z0-9_-]|\.[A-Za-z])|DRM_ACCEL_ROCKET|/rocket\.ko|accel/rocket"
_NODES = r"/dev/accel(?![A-Za-z])|\baccel/accel\d|(?<![0-9a-f])fda[bcd]0000(?![0-9a-f])|subsystem\W{1,5}accel\b"
_ABOUT = (re.compile(f"{_NAMES}|{_NODES}", re.IGNORECASE), re.compile(f"{_WORD}|{_DRIVER}"))


def about_npu(text: str) -> bool:
    """Whether a text speaks of this NPU: its drivers, runtimes, devnodes, registers, or the word itself.

    `npu` inside `input`, `libinput`, `inputs` or `--input` is no word.
    """
    return any(one.search(text) for one in _ABOUT)


_THIS = re.compile(f"{_NAMES}|(?<![0-9a-f])fda[bcd]0000(?![0-9a-f])|/dev/accel|npu@fda", re.IGNORECASE)
_THIS_DRIVER = re.compile(_DRIVER)


def names_this_npu(text: str) -> bool:
    """Whether a text names a driver, runtime, devnode or register of this NPU; the word `npu` alone is not enough.

    Other machines have NPUs as well, and `/dev/accel` of their own.
    """
    return bool(_THIS.search(text) or _THIS_DRIVER.search(text))
