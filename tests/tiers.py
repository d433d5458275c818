"""Which tier a test belongs to, and what a test of the tier `unit` may start."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

TIERS = ("unit", "integration", "vm", "hardware")
LIVE = frozenset({"kubernetes", "verdict"})
"""A live cluster's verdicts are a tier of their own; other tests of the Kubernetes side have one of TIERS."""
EVALUATORS = {"nix", "nix-instantiate"}
SHELLS = {"bash", "sh"}
READERS = {"shellcheck", "dtc"}


def without_one_tier(tests: Iterable[tuple[str, Sequence[str]]]) -> list[str]:
    """Of tests with their markers, those that do not have exactly one tier: they would run twice, or never."""
    return [name for name, markers in tests if len(set(markers) & set(TIERS)) != 1 - LIVE.issubset(markers)]


def may_start(command: Sequence[object]) -> bool:
    """Whether a test of the tier `unit` may: Nix, what only reads a script, Git that lists files."""
    words = [str(word) for word in command]
    name = Path(words[0]).name
    return (
        name in EVALUATORS | READERS
        or (name in SHELLS and "-n" in words)
        or (name == "git" and words[1:2] == ["ls-files"])
    )


class Guard:
    """Ends a test of the tier `unit` that starts what it may not."""

    def __init__(self) -> None:
        self.test = ""
        sys.addaudithook(self.heard)

    def heard(self, event: str, details: tuple[object, ...]) -> None:
        """Listen to what Python does. No `except Exception` on the way hides what this raises."""
        if event == "subprocess.Popen" and self.test:
            given = details[1]
            command = given if isinstance(given, list | tuple) else [given]
            if not may_start(command):
                pytest.fail(f"{self.test} starts {command[0]}: expected Nix alone; mark it `integration`")
