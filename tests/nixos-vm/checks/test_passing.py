"""Every node check passes on a configuration that deserves it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bench import SETUPS, Bench

from rknn_validation.checks.model import Status
from rknn_validation.checks.node import NODE_CHECKS

pytestmark = pytest.mark.vm


def applicable() -> list[tuple[str, str]]:
    return [
        (name, check.id)
        for name, setup in SETUPS.items()
        for check in NODE_CHECKS.all()
        if (setup.stack.name if setup.stack else "none") in check.stacks
        and ("other" if name == "guarded" else "rk3588") in check.boards
    ]


@pytest.mark.parametrize(("setup", "check"), applicable())
def test_a_good_configuration_passes(bench: Callable[[str], Bench], setup: str, check: str) -> None:
    answer = bench(setup).ask(check)
    assert answer.status is Status.PASS, f"{answer.reason}\n{answer.evidence}"
    assert answer.evidence
