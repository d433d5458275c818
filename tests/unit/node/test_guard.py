"""Checks of a board that is not an RK3588, on nodes that answer from a table."""

from __future__ import annotations

from typing import Any

import handmade
import pytest
from fakehost import FakeHost, Reply

from rknn_validation.checks.model import Answer, Status
from rknn_validation.checks.node import NODE_CHECKS, Expectation, NodeUnderTest, ask
from rknn_validation.npu.boards import BOARDS
from rknn_validation.npu.stacks import VENDOR
from rknn_validation.subject.validation import Scenario

pytestmark = pytest.mark.unit

NOT_LOADED, LOADED = (1, ""), "rknpu 90112 0 - Live 0x0000000000000000\n"
NOT_NAMED, NAMED = (1, ""), "/etc/modules-load.d/nixos.conf:3:rknpu\n"


def asked(check: str, replies: dict[str, Reply]) -> Answer:
    board = BOARDS["raspberrypi-4-b"]
    expectation = Expectation(
        Scenario("x", "vendor", {}, (board.name,)), board, handmade.vendor(), VENDOR, guarded=True
    )
    host: Any = FakeHost(replies)
    return ask(NODE_CHECKS[check], NodeUnderTest(host, expectation))


@pytest.mark.parametrize(
    ("modules", "named", "status", "reason"),
    [
        (NOT_LOADED, NOT_NAMED, Status.PASS, "no NPU driver is loaded or forced"),
        (LOADED, NOT_NAMED, Status.FAIL, "rknpu is loaded on"),
        # The module does not exist on this board, so that only the failed attempt to load it remains.
        (NOT_LOADED, NAMED, Status.FAIL, "modules-load.d forces an NPU driver"),
        ((2, ""), NOT_NAMED, Status.INCONCLUSIVE, "could not be asked"),
    ],
    ids=["neither", "loaded", "only named in modules-load.d", "unreadable"],
)
def test_a_driver_that_is_loaded_or_forced_fails(modules: Reply, named: Reply, status: Status, reason: str) -> None:
    answer = asked("guard.no-driver-forced", {"/proc/modules": modules, "modules-load.d": named})
    assert answer.status is status
    assert reason in answer.reason


@pytest.mark.parametrize(
    ("found", "status"), [("", Status.PASS), ("lrwxrwxrwx 1 root root 9 /usr/lib/librknnrt.so -> /gone\n", Status.FAIL)]
)
def test_a_link_to_the_runtime_fails_even_if_it_dangles(found: str, status: Status) -> None:
    answer = asked("guard.no-runtime-linked", {"ls -ld": found})
    assert answer.status is status, answer
    assert status is Status.PASS or answer.reason == "/usr/lib/librknnrt.so -> /gone exists"
