"""Devnodes without a rule in the configuration get their access from systemd; rules that miss them still fail."""

from __future__ import annotations

import handmade
import pytest
from fakehost import FakeHost

from rknn_validation.checks.model import Status
from rknn_validation.checks.node import NODE_CHECKS, Expectation, NodeUnderTest, ask
from rknn_validation.facts.nix.configuration import RulesFile
from rknn_validation.npu.boards import BOARDS
from rknn_validation.npu.stacks import STACKS
from rknn_validation.subject.validation import Scenario

pytestmark = pytest.mark.unit

ASKED = ("access.matches-configuration", "udev.rule-applies", "access.closed-to-others")
ACCEL, RENDER = "/dev/accel/accel0", "/dev/dri/renderD129"
OPEN, SHUT = "root|render|303|666", "root|root|0|600"
UNREAD = (RulesFile("61-some.rules", None, "some-rules"),)


def asked(stack: str, path: str, access: str, rules: tuple[RulesFile, ...]) -> list[str]:
    host = FakeHost({
        "for path in /dev/rknpu|for node in /dev/accel": f"{path}\n",
        "^stat": f"character special file|105|0|{access}\n",
        "^readlink": "/sys/devices/platform/x\n",
        "udevadm test": (1, ""),
        "exec 3": "" if access == OPEN else (1, ""),
    })  # fmt: skip
    made = handmade.mainline if stack == "mainline" else handmade.vendor
    board = BOARDS["orangepi-5-plus"]
    scenario = Scenario("x", stack, {}, ("orangepi-5-plus",))
    expectation = Expectation(scenario, board, made(udev_rules=rules), STACKS[stack], guarded=False)
    return [ask(NODE_CHECKS[one], NodeUnderTest(host, expectation)).status.value for one in ASKED]


FAIL, SKIP, UNSURE, PASS = (one.value for one in (Status.FAIL, Status.SKIP, Status.INCONCLUSIVE, Status.PASS))


@pytest.mark.parametrize(
    "text",
    [
        'SUBSYSTEM=="drm", KERNEL=="accel[0-9]*", GROUP="render", MODE="0660"\n',
        'SUBSYSTEM=="accell", GROUP="render", MODE="0660"\n',
        'SUBSYSTEM=="misc|accel_", GROUP="render", MODE="0660"\n',
        'KERNELS=="fdab0000.npu", GROUP="render", MODE="0660"\n',
        'SUBSYTEM=="accel", GROUP="render", MODE="0660"\n',
    ],
)
def test_a_rule_that_misses_the_node_still_fails(text: str) -> None:
    assert asked("mainline", ACCEL, OPEN, handmade.rules(text)) == [FAIL, FAIL, FAIL]


@pytest.mark.parametrize(
    "text",
    ["", '# SUBSYSTEM=="accel"\n', 'SUBSYSTEM=="iio", ENV{TYPE}=="accelerometer", ENV{ACCEL_LOCATION}="base"\n'],
)
def test_without_a_rule_for_the_devnode_systemds_own_rule_applies(text: str) -> None:
    assert asked("mainline", ACCEL, OPEN, handmade.rules(text)) == [SKIP, SKIP, SKIP]


def test_access_that_systemd_did_not_set_is_judged() -> None:
    assert asked("mainline", ACCEL, SHUT, ()) == [FAIL, FAIL, PASS]


def test_rules_of_unknown_text_are_inconclusive() -> None:
    assert asked("mainline", ACCEL, OPEN, UNREAD) == [UNSURE, UNSURE, UNSURE]


def test_the_vendors_render_node_needs_no_rule_but_must_not_be_open_to_everybody() -> None:
    assert asked("vendor", RENDER, OPEN, ()) == [SKIP, SKIP, FAIL]


def test_the_vendors_misc_device_needs_a_rule() -> None:
    assert asked("vendor", "/dev/rknpu", SHUT, ()) == [FAIL, FAIL, PASS]
