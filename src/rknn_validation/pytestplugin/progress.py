"""pytest: says what is being waited for."""

from __future__ import annotations

import sys
from contextlib import nullcontext

import pytest

LIVE = "rknn_progress_line"
"""Name under which workers of -n are told that the terminal has a progress line, which they must not write into."""


def say(config: pytest.Config, line: str) -> None:
    """One line, past pytest's capturing; on the progress line where there is one, which "" removes."""
    if getattr(config, "workerinput", {}).get(LIVE):
        return
    own_look = getattr(config.pluginmanager.getplugin("terminalreporter"), "say", None)
    if own_look is not None:
        own_look(line)
        return
    manager = config.pluginmanager.getplugin("capturemanager")
    with manager.global_and_fixture_disabled() if manager else nullcontext():
        if line:
            print(f"\n{line}", end="", file=sys.stderr, flush=True)
