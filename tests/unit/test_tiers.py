"""Tiers: every test has one, and what is `unit` starts nothing but Nix."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import pytest
import tiers

pytestmark = pytest.mark.unit


def test_none_and_two_are_not_one() -> None:
    tests = [("none", ["parametrize"]), ("one", ["unit", "verdict"]), ("two", ["unit", "integration"])]
    assert tiers.without_one_tier(tests) == ["none", "two"]


@pytest.mark.parametrize(
    ("command", "allowed"),
    [
        (["/usr/bin/nix-instantiate", "--eval"], True),
        (["bash", "--norc", "-n"], True),
        (["git", "ls-files", "-z"], True),
        (["bash", "-c", "true"], False),
        (["git", "commit"], False),
        (["/usr/sbin/sshd"], False),
    ],
)
def test_a_unit_test_may_start(command: Sequence[str], allowed: bool) -> None:
    assert tiers.may_start(command) == allowed


def test_what_starts_something_else_fails() -> None:
    with pytest.raises(pytest.fail.Exception, match="starts true"):
        subprocess.run(["true"], check=True)
