"""A whole machine's configuration on a board: the NPU's part runs, and nothing else gets in its way."""

from __future__ import annotations

import handmade
import pytest
from bench import BOOT_SECONDS, RESTORE_SECONDS
from wholemachine import OURS, server

from rknn_validation.checks.model import Status
from rknn_validation.checks.node import NODE_CHECKS, Expectation, NodeUnderTest, ask
from rknn_validation.common.deadline import Deadline
from rknn_validation.machine.activation import Guest, install
from rknn_validation.machine.emulator import Emulator, Identity
from rknn_validation.nodes.console import host
from rknn_validation.npu.boards import BOARDS
from rknn_validation.npu.stacks import VENDOR
from rknn_validation.subject.validation import Scenario

pytestmark = pytest.mark.vm

BOARD = BOARDS["rock-5b"]


def test_the_npus_part_of_a_large_machine_works(emulator: Emulator, guest: Guest) -> None:
    configuration = server(without=("camera.service",))
    installation = install(handmade.facts(configuration, handmade.configuration()), guest, only=OURS)
    deadline = Deadline.after(BOOT_SECONDS, "a large machine")
    snapshot = emulator.snapshot(Identity(BOARD, VENDOR), installation.tree, deadline)
    scenario = Scenario("large", "vendor", {}, (BOARD.name,))
    with snapshot.restore(deadline.capped(RESTORE_SECONDS, deadline.what)) as machine:
        expectation = Expectation(scenario, BOARD, configuration, VENDOR, guarded=False, whole=True)
        question = NodeUnderTest(host(machine, BOARD.name), expectation)
        for name in (
            "units.none-failed",
            "units.activation-clean",
            "udev.rules-accepted",
            "access.matches-configuration",
        ):
            answer = ask(NODE_CHECKS[name], question)
            assert answer.status is Status.PASS, (name, answer)
        shown = question.run("systemctl show --property=ActiveState,ConditionResult nginx.service").stdout
    assert "ActiveState=inactive" in shown
