"""The checks of a switch without a board, and the switches that a subject file asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rknn_validation.checks.model import Answer, Status, failed, passed
from rknn_validation.checks.node import NODE_CHECKS
from rknn_validation.checks.node.transition import TRANSITION_CHECKS, Move, read
from rknn_validation.checks.questions import transition_questions
from rknn_validation.common.errors import SubjectFileError
from rknn_validation.common.yamlfile import read_mapping
from rknn_validation.report.columns import column, in_order
from rknn_validation.subject.transitions import paths, read_transitions
from rknn_validation.subject.validation import load

pytestmark = pytest.mark.unit

STATE = """\
== paths
/usr/lib/rt.so -> /nix/store/1-rknn/lib/rt.so
/run/booted-system -> /nix/store/0-nixos-system
4038471504 75 /etc/udev/rules.d/60-npu.rules
1 2 /etc/passwd
== accounts
group render:x:303:npu-user
user npu-user:990:990:/var/empty:/usr/sbin/nologin
== variables
login shell: LD_LIBRARY_PATH=/nix/store/1-rknn/lib
login shell: SHLVL=1
== units
npu.service loaded active exited An NPU
missing.service not-found inactive dead missing.service
systemd-udevd.service loaded active running x
== drivers
rknpu
loop
"""


def move(after: str = STATE, **more: Any) -> Move:
    fields: dict[str, Any] = {"status": 0, "said": "", "booted": read(STATE), "next_boot": False, "drivers": ()}
    return Move(after=read(after), **{**fields, **more})


def told(asked: Move) -> dict[str, Answer]:
    """What is not a pass."""
    answers = {check.id.removeprefix("transition."): check.ask(asked) for check in TRANSITION_CHECKS.all()}
    return {name: one for name, one in answers.items() if one.status is not Status.PASS}


def test_equal_states_pass() -> None:
    assert told(move()) == {}
    assert told(move(STATE.replace("0-nixos-system", "1-nixos-system").replace("SHLVL=1", "SHLVL=2"))) == {}
    assert told(move(STATE.replace("systemd-udevd.service loaded active", "systemd-udevd.service loaded failed"))) == {}


@pytest.mark.parametrize(
    ("old", "new", "topic", "reason"),
    [
        ("== accounts", "/usr/lib/x.so -> /gone\n== accounts", "links", "/usr/lib/x.so is left (a link to /gone)"),
        ("1-rknn/lib/rt.so", "0-rknn/lib/rt.so", "links", "/usr/lib/rt.so is a link to /nix/store/0"),
        ("/usr/lib/rt.so -> /nix/store/1-rknn/lib/rt.so\n", "", "links", "/usr/lib/rt.so is missing"),
        ("4038471504", "1", "rules", "/etc/udev/rules.d/60-npu.rules is a file of 75 bytes (1)"),
        ("== variables", "group npu:x:400:\n== variables", "accounts", "group npu is left"),
        ("303:npu-user", "303:npu-user,camera", "accounts", "group render is x:303:npu-user,camera"),
        ("== units", "systemd: LD_LIBRARY_PATH=/x\n== units", "variables", "systemd: LD_LIBRARY_PATH is left"),
        ("active exited", "failed failed", "units", "npu.service is failed (failed), after a boot active (exited)"),
        ("rknpu\n", "", "drivers", "rknpu is missing"),
        ("rknpu\n", "rknpu\nrocket\n", "drivers", "rocket is left (loaded)"),
    ],
)  # fmt: skip
def test_a_difference_is_named(old: str, new: str, topic: str, reason: str) -> None:
    assert STATE.count(old) >= 1
    found = told(move(STATE.replace(old, new)))
    assert list(found) == [topic]
    assert found[topic].status is Status.FAIL
    assert found[topic].reason.startswith(reason)


def test_a_driver_of_the_kernel_may_stay_until_the_next_boot_but_not_an_added_one() -> None:
    left = STATE.replace("rknpu\n", "rocket\n")
    assert told(move(left, next_boot=True)) == {}
    assert told(move(left, next_boot=True, drivers=("rocket",)))["drivers"].reason == "rocket is left (loaded)"


@pytest.mark.parametrize(
    ("status", "said", "reason"),
    [
        (4, "warning: the following units failed: a.service", "exit status 4: failed: a.service"),
        (2, "Activation script snippet 'x' failed (1)", "exit status 2: activation failed"),
    ],
)
def test_a_switch_that_fails_is_reported(status: int, said: str, reason: str) -> None:
    found = told(move(status=status, said=said))
    assert list(found) == ["succeeds"]
    assert found["succeeds"].reason.endswith(reason)


def test_a_unit_whose_program_was_not_built_is_ignored() -> None:
    after = STATE.replace("active exited", "failed failed")
    said = "warning: the following units failed: npu.service"
    assert move(after).doubtful == ("npu.service",)
    found = told(move(after, status=4, said=said, not_built=("npu.service",)))
    assert [(name, one.status) for name, one in found.items()] == [("succeeds", Status.INCONCLUSIVE)]


def test_answers_are_compared_with_those_after_a_boot() -> None:
    good, bad = passed("fine"), failed("broken")
    assert told(move(answers={"a.b": good}, booted_answers={"a.b": good})) == {}
    assert told(move(answers={"a.b": bad}, booted_answers={"a.b": bad})) == {}
    found = told(move(answers={"a.b": bad}, booted_answers={"a.b": good}))
    assert found["answers"].reason == "after the switch, and not after a boot: a.b: broken"


def test_only_checks_that_a_switch_can_change_are_asked() -> None:
    stages = [{check.stage for check in one.to_ask(NODE_CHECKS.all())} for one in (
        move(), move(next_boot=True), move(STATE.replace("1-rknn", "0-rknn")),
    )]  # fmt: skip
    assert {"device", "units"} <= stages[0]
    assert "library" not in stages[0]
    assert "device" not in stages[1]
    assert {"library", "python", "device"} <= stages[2]


def test_questions_and_reports_keep_the_order_of_the_subject_file(tmp_path: Path) -> None:
    (tmp_path / "m.nix").write_text("{ }")
    file = tmp_path / "validation.yaml"
    scenario = "{{stack: {}, settings: {{}}, boards: [{}]}}"
    lines = (
        "subject: {module: m.nix, option: a.b}",
        "scenarios:",
        "  on: " + scenario.format("vendor", "rock-5b, virt"),
        "  off: " + scenario.format("none", "rock-5b"),
    )
    file.write_text("\n".join(lines))
    validation = load(file)
    asked = transition_questions(validation)
    columns = ["on->off/rock-5b", "off->on/rock-5b", "on->off->on/rock-5b"]
    assert list(dict.fromkeys(column(one.verdict(passed("x"))) for one in asked)) == columns
    assert asked[0].id == "on->off-rock-5b-transition.succeeds"
    verdicts = [one.verdict(passed("x")) for one in reversed(asked)]
    assert list(dict.fromkeys(column(one) for one in in_order(verdicts, validation))) == columns


BOARDS = {"a": ("x", "y"), "b": ("x",), "c": ("x", "y"), "d": ("z",)}


def reads(tmp_path: Path, text: str) -> object:
    file = tmp_path / "validation.yaml"
    file.write_text(text)
    return read_transitions(read_mapping(file), BOARDS)


def test_every_pair_and_one_way_back_by_default(tmp_path: Path) -> None:
    assert reads(tmp_path, "subject: {}") is None
    assert paths(None, BOARDS, "y") == (("a", "c"), ("c", "a"))
    assert len(paths(None, BOARDS, "x")) == 7
    assert paths(None, BOARDS, "x")[-1] == ("a", "c", "a")
    assert paths(None, BOARDS, "z") == ()


def test_a_file_chooses(tmp_path: Path) -> None:
    assert reads(tmp_path, "transitions: none") == ()
    chosen = reads(tmp_path, "transitions: [a -> b, a->c->a]")
    assert chosen == (("a", "b"), ("a", "c", "a"))
    assert paths((("a", "b"), ("a", "c", "a")), BOARDS, "y") == (("a", "c", "a"),)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("some", "expected none, or a list of"),
        ("[a -> bb]", "did you mean 'b'?"),
        ("[a]", "expected a -> b"),
        ("[a -> a]", "expected a -> b"),
        ("[b -> d]", "share a board"),
        ("[{a: b}]", "a list of words"),
    ],
)
def test_a_slip_names_file_line_and_key(tmp_path: Path, given: str, said: str) -> None:
    with pytest.raises(SubjectFileError) as raised:
        reads(tmp_path, f"subject: {{}}\ntransitions: {given}")
    assert "validation.yaml:2: transitions" in str(raised.value)
    assert said.removeprefix("expected ") in str(raised.value)
