"""Loads the harness's plugin, and holds every test of this repository to its tier: the suites, too."""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "tests"))
import tiers

pytest_plugins = ("rknn_validation.pytestplugin.plugin",)
GUARD = tiers.Guard()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test has exactly one tier."""
    marked = ((item.nodeid, [mark.name for mark in item.iter_markers()]) for item in items)
    wrong = tiers.without_one_tier(marked)
    if wrong:
        raise pytest.UsageError(f"expected one marker of {', '.join(tiers.TIERS)} on: {', '.join(wrong[:5])}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A test of the tier `unit` starts nothing but Nix, its fixtures included."""
    GUARD.test = item.nodeid if item.get_closest_marker("unit") else ""
    try:
        return (yield)
    finally:
        GUARD.test = ""
