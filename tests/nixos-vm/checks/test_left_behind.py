"""A module that leaves everything behind when it is switched off, and needs another boot when it is switched on."""

from __future__ import annotations

from pathlib import Path

import pytest

from rknn_validation.checks.model import Answer, Status
from rknn_validation.checks.node.transition import TRANSITION_CHECKS
from rknn_validation.checks.questions import boards_of, transition_questions
from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.gather import Evaluator, gather
from rknn_validation.machine.activation import Guest
from rknn_validation.machine.emulator import Emulator
from rknn_validation.npu.boards import BOARDS
from rknn_validation.pytestplugin.emulation import Once
from rknn_validation.subject.validation import load
from rknn_validation.suites.asked import Asker
from rknn_validation.suites.boards import DebianBoards

pytestmark = pytest.mark.vm

SUBJECT = Path(__file__).parents[1] / "subjects" / "left-behind" / "validation.yaml"
BOARD = BOARDS["rock-5b"]


@pytest.fixture(scope="module")
def asker(emulator: Emulator, guest: Guest, once: Once) -> Asker:
    gathered = gather(load(SUBJECT), Evaluator(None, Deadline.after(120, "the subject")))
    return Asker(gathered, DebianBoards(gathered, emulator, guest), once)


def failing(asker: Asker, path: tuple[str, str]) -> dict[str, Answer]:
    move = asker.move(path, BOARD, ())
    answers = {check.id.removeprefix("transition."): check.ask(move) for check in TRANSITION_CHECKS.all()}
    return {name: one for name, one in answers.items() if one.status is not Status.PASS}


def test_what_is_left_is_told_by_kind(asker: Asker) -> None:
    found = failing(asker, ("on", "off"))
    reasons = {name: one.reason for name, one in found.items()}
    assert reasons.keys() >= {"links", "accounts", "rules", "variables", "units", "drivers"}, reasons
    assert reasons["links"].startswith("/usr/lib/librknnrt.so is left (a link to /nix/store/")
    assert "npu-users is left" in reasons["accounts"]
    assert reasons["rules"].startswith("/run/udev/rules.d/60-npu.rules is left")
    assert reasons["variables"].startswith("systemd: LD_LIBRARY_PATH is left")
    assert reasons["units"] == "npu-stays.service is left (active (running))"
    assert reasons["drivers"] == "rknpu is left (loaded)"
    assert "disabled.no-link" in reasons["answers"]


def test_a_unit_that_needs_the_next_boot_fails_the_switch(asker: Asker) -> None:
    found = failing(asker, ("off", "on"))
    assert found["succeeds"].reason == "the switch ends with exit status 4: failed: npu-driver.service"
    assert "units.none-failed" in found["answers"].reason


def test_its_file_asks_for_two_switches() -> None:
    validation = load(SUBJECT)
    assert {question.path for question in transition_questions(validation)} == {("on", "off"), ("off", "on")}
    assert list(boards_of(validation)) == ["on", "off"]
