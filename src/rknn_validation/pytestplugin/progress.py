"""pytest: says what is being waited for."""

from __future__ import annotations

import sys
from contextlib import nullcontext

import pytest

LIVE = "rknn_progress_line"
"""Name under which workers of -n are told that the terminal has a progress line, which they must not write into."""


def say(config: pytest.Config, line: str) -> None:
    """One line, past pytest's capturing; on the progress line if there is one, which "" removes."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    own_look = getattr(reporter, "say", None)
    if own_look is not None:
        own_look(line)
        return
    if not line or getattr(config, "workerinput", {}).get(LIVE):
        return
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else nullcontext():
        if reporter is not None:
            reporter.ensure_newline()
            reporter.flush()
        print(line, file=sys.stderr, flush=True)
