"""Boards broken in one way each, asked everything a real node is asked: the diagnosis names the cause first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bench import Bench
from test_failing import NO_DRIVER, Damage, sh

from rknn_validation.checks.model import Verdict
from rknn_validation.checks.node import DISTURBING, HARDWARE_CHECKS, ask, checks_of
from rknn_validation.diagnosis import diagnose

pytestmark = pytest.mark.vm


SLOW = frozenset({"python.works-as-root", "python.works-as-service-user"})
"""Seconds each, emulated; what they would say follows from what the others say."""


def verdicts(board: Bench) -> dict[str, Verdict]:
    """Every question of the tier `hardware`, those that change the node left out."""
    question = board.question()
    found = {}
    for check in checks_of(question.expectation, "hardware"):
        if check.id in DISTURBING | SLOW:
            continue
        answer = ask(check, question)
        found[check.id] = Verdict(
            check.id, check.title, check.stage, "hardware", "x", "orangepi-5-plus", answer.status, answer.reason,
            check.remedy, answer.evidence, node="opi01",
        )  # fmt: skip
    return found


# What a board without silicon, NixOS generation or model can say to each question.
ON_THE_VENDORS = {
    "identity.board": "pass", "identity.clock": "pass", "identity.disk-space": "pass", "identity.cores": "fail",
    "kernel.release-matches": "inconclusive", "kernel.config-has-driver": "pass",
    "kernel.no-known-errors": "pass",
    "driver.matches-stack": "pass", "driver.all-cores": "pass", "driver.iommu-enabled": "fail",
    "driver.memory-sufficient": "fail", "driver.nothing-stuck": "pass", "kernel.last-boot-ended-well": "skip",
    "power.nothing-deferred": "pass", "power.supply-on": "skip", "power.temperature": "skip",
    "power.frequency-is-stock": "skip", "access.service-user-opens": "pass", "device.ioctl-answers": "pass",
    "library.loaded-from-running-system": "inconclusive", "library.link-is-current": "inconclusive",
    "driver.fits-runtime": "inconclusive", "inference.golden-output": "skip", "inference.faster-than-cpu": "skip",
    "container.device-tree-visible": "skip", "container.has-devnode": "skip", "container.may-open-devnode": "skip",
    "container.library-found": "skip",
}  # fmt: skip
ON_MAINLINE = {
    **{name: status for name, status in ON_THE_VENDORS.items() if "mainline" in HARDWARE_CHECKS[name].stacks},
    "driver.iommu-enabled": "pass", "driver.memory-sufficient": "pass",
    "driver.fits-runtime": "pass",
}  # fmt: skip


@pytest.mark.parametrize(("setup", "said"), [("vendor", ON_THE_VENDORS), ("mainline", ON_MAINLINE)])
def test_an_emulated_board_answers_what_it_can(bench: Callable[[str], Bench], setup: str, said: dict[str, str]) -> None:
    found = verdicts(bench(setup))
    asked = {name: one for name, one in found.items() if name in {check.id for check in HARDWARE_CHECKS.all()}}
    assert not [one.reason for one in asked.values() if "the check itself failed" in one.reason]
    assert {name: one.status.value for name, one in asked.items()} == said, {
        name: (one.reason, one.evidence) for name, one in asked.items() if one.status.value != said[name]
    }


LINKED = sh("mkdir -p /dev/dri; mv /dev/rknpu /dev/dri/renderD129; ln -s dri/renderD129 /dev/rknpu")
# What tests over SSH break is not broken here again, but for the one state in which almost everything fails.
BROKEN: list[tuple[str, str, Damage, str]] = [
    ("no driver in the kernel", "vendor", NO_DRIVER, "rknpu-not-in-the-kernel"),
    ("unloaded", "vendor", sh("rmmod rknpu"), "driver-not-loaded"),
    ("a link to a render node", "vendor", LINKED, "node-is-a-link"),
    ("nothing behind the node", "vendor", sh("rm /dev/rknpu; mknod /dev/rknpu c 10 252"), "node-without-driver"),
    ("one core lost", "mainline", sh("echo fdad0000.npu >/sys/bus/platform/drivers/rocket/unbind"), "cores-missing"),
    ("a pointer of Git LFS", "vendor",
     sh("rm /usr/lib/librknnrt.so; echo 'version https://git-lfs' >/usr/lib/librknnrt.so"), "library-torn"),
    ("the IOMMU off", "vendor", sh("echo 'RKNPU fdab0000.npu: RKNPU: rknpu iommu is disabled, using non-iommu mode'"
     " >/dev/kmsg"), "iommu-off"),
]  # fmt: skip
# What every emulated board lacks, and no damage: one processor, no IOMMU, not NixOS.
ALWAYS = {"processors-off", "iommu-off", "rocket-not-configured", "kernel-before-6.18"}


@pytest.mark.parametrize(("setup", "damage", "cause"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_the_cause_of_a_broken_board_is_named_first(
    bench: Callable[[str], Bench], setup: str, damage: Damage, cause: str
) -> None:
    board = bench(setup)
    damage(board)
    found = diagnose(list(verdicts(board).values()))
    told = [one.rule for one in found if one.rule not in ALWAYS - {cause}]
    assert told[:1] == [cause], [(one.rule, one.explains, one.evidence) for one in found]
