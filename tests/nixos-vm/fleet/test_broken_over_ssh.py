"""Boards that are broken, asked over SSH: each state shows in the right verdicts, and they lead to its one cause."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest
from sshboard import SshBoard

from rknn_validation.checks.model import Answer, Status, Verdict
from rknn_validation.checks.node import DISTURBING, HARDWARE_CHECKS, NODE_CHECKS, Expectation, NodeUnderTest, ask
from rknn_validation.checks.node.fleet import Fleet, NodePlan
from rknn_validation.common.errors import NodeError
from rknn_validation.diagnosis import diagnose
from rknn_validation.diagnosis.model import BAD
from rknn_validation.facts.model import Facts
from rknn_validation.nodes.ssh import Limits, SshLink
from rknn_validation.pytestplugin.hardware import expectation
from rknn_validation.subject.inventory import Node
from rknn_validation.subject.validation import Validation

pytestmark = pytest.mark.vm

LIMITS = Limits(connect=40.0, command=90.0, total=600.0)
CHECKS = {check.id: check for check in (*NODE_CHECKS.all(), *HARDWARE_CHECKS.all())}
Expected = Callable[[Node], Expectation]


@dataclass(frozen=True)
class State:
    """How to break a node, how to mend it, and what has to be said: check -> status and a word of the reason.

    `cause` is the one rule that explains all of it, "" where no rule can know; `calm` the one that is named where the
    node was not to be disturbed.
    """

    broken: str
    mended: str
    verdicts: dict[str, tuple[Status, str]]
    cause: str
    scenario: str = "vendor"
    calm: str = ""


FAIL, UNSURE = Status.FAIL, Status.INCONCLUSIVE
LINK = "ln -sfn /nix/store/*-rknn-runtime-*/lib/librknnrt.so /usr/lib/librknnrt.so"
OWN = "chown root:render /dev/rknpu; chmod 0660 /dev/rknpu"
SW = "/run/current-system/sw"
MODULE = "/usr/lib/modules/$(uname -r)/updates/rknpu.ko"
RULES = "/etc/udev/rules.d/60-rknn.rules"
STATES = {
    "wrong owner": State(
        "chown root:root /dev/rknpu", OWN,
        {"access.group-can-open": (FAIL, "root"), "access.matches-configuration": (FAIL, "root:render 0660"),
         "access.service-user-opens": (FAIL, "npu-user cannot open")}, "changed-after-udev",
    ),
    "wrong mode": State(
        "chmod 0600 /dev/rknpu", OWN,
        {"access.matches-configuration": (FAIL, "0600"), "access.group-can-open": (FAIL, "0600")}, "changed-after-udev",
    ),
    "world-writable": State(
        "chmod 0666 /dev/rknpu", OWN,
        {"access.closed-to-others": (FAIL, "everybody"), "access.matches-configuration": (FAIL, "0666")},
        "world-writable",
    ),
    "device replaced by a file": State(
        "mv /dev/rknpu /dev/away; touch /dev/rknpu", "mv /dev/away /dev/rknpu",
        {"device.is-the-drivers": (FAIL, "regular"), "device.driver-answers": (FAIL, "does not answer"),
         "access.closed-to-others": (FAIL, "everybody")}, "node-made-by-hand",
    ),
    "module missing": State(
        f"rmmod rknpu; mv {MODULE} /root/rknpu.ko; depmod", f"mv /root/rknpu.ko {MODULE}; depmod; modprobe rknpu; "
        "udevadm settle",
        {"kernel.driver-loaded": (FAIL, "no driver rknpu"), "kernel.driver-bound": (FAIL, "0 of 1"),
         "driver.matches-stack": (FAIL, "no NPU"), "device.present": (FAIL, "no driver")}, "rknpu-not-in-the-kernel",
    ),
    "dangling link": State(
        "ln -sfn /nix/store/gone/lib/librknnrt.so /usr/lib/librknnrt.so", LINK,
        {"library.readable": (FAIL, "leads nowhere"), "python.runtime-in-place": (FAIL, "will not find the runtime")},
        "library-link-dangling",
    ),
    "link missing": State(
        "rm /usr/lib/librknnrt.so", LINK,
        {"python.runtime-in-place": (FAIL, "none of its paths"), "python.works-as-root": (FAIL, "no runtime")},
        "library-link-missing",
    ),
    "wrong stack": State(
        "true", "true",
        {"kernel.driver-bound": (FAIL, "nothing for rocket to bind"), "driver.matches-stack": (FAIL, "another stack's"),
         "device.present": (FAIL, "rocket")}, "tree-of-the-other-stack", "mainline",
    ),
    "disk full": State(
        "mount -t tmpfs -o size=4k none /tmp; head -c 4096 /dev/zero >/tmp/full",
        "umount /tmp; systemctl reset-failed tmp.mount",
        {"identity.disk-space": (FAIL, "on /tmp"),
         "library.not-from-working-directory": (UNSURE, "could not be planted")}, "disk-full",
    ),
    "clock off": State(
        "date +%s >/run/now; date --set=@1000000000", "date --set=@$(cat /run/now)",
        {"identity.clock": (FAIL, "behind"), "device.present": (Status.PASS, "")}, "clock-wrong",
    ),
    "no Python": State(
        f"cp -a {SW}/bin /run/bin; rm /run/bin/python3*; mount --bind /run/bin {SW}/bin",
        f"umount {SW}/bin",
        {"python.works-as-root": (FAIL, "no python3")}, "no-python",
    ),
    "no LD_LIBRARY_PATH": State(
        "sed -i.bak /LD_LIBRARY_PATH/d $(readlink -f /etc/set-environment)",
        "mv $(readlink -f /etc/set-environment).bak $(readlink -f /etc/set-environment)",
        {"library.login-shell-finds-runtime": (FAIL, "does not find librknnrt.so")}, "library-not-on-path",
    ),
    "no udev rule": State(
        f"mv {RULES} /root/rules; udevadm control --reload; chown root:root /dev/rknpu; chmod 0600 /dev/rknpu",
        f"mv /root/rules {RULES}; udevadm control --reload; {OWN}",
        {"udev.rule-applies": (FAIL, "no rule"), "access.group-can-open": (FAIL, "group root"),
         "access.matches-configuration": (FAIL, "0600")}, "rule-matches-nothing", calm="changed-after-udev",
    ),
    "service not in the group": State(
        "sed -i.bak 's/^render:.*/render:x:303:/' /etc/group", "cp /etc/group.bak /etc/group",
        {"access.service-user-opens": (FAIL, "npu-user cannot open"), "access.group-can-open": (Status.PASS, "")},
        "user-outside-the-group",
    ),
    "a failed unit": State(
        "systemd-run --quiet --unit=doomed false; until systemctl is-failed -q doomed; do :; done",
        "systemctl reset-failed doomed", {"units.none-failed": (FAIL, "doomed")}, "",
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def expected(validation: Validation, gathered: Mapping[str, Facts]) -> Expected:
    """What a node should be."""
    return lambda node: expectation(node, validation, gathered)


@pytest.fixture(scope="session")
def link(shared: SshBoard) -> Iterator[SshLink]:
    """A connection to the shared board."""
    with SshLink(shared.node(), LIMITS) as link:
        yield link


def causes(answers: Mapping[str, Answer]) -> list[tuple[str, set[str]]]:
    """The rules these answers lead to, the most upstream first, each with the checks it explains."""
    verdicts = [
        Verdict(
            check, CHECKS[check].title, CHECKS[check].stage, "hardware", "vendor", "orangepi-5-plus", answer.status,
            answer.reason, CHECKS[check].remedy, answer.evidence, node="opi01",
        )
        for check, answer in answers.items()
    ]  # fmt: skip
    return [(one.rule, set(one.explains)) for one in diagnose(verdicts)]


@pytest.mark.parametrize("name", STATES)
def test_a_broken_state(name: str, shared: SshBoard, link: SshLink, expected: Expected) -> None:
    state = STATES[name]
    question = NodeUnderTest(link.host(), expected(shared.node(scenario=state.scenario)))
    shared.sh(state.broken)
    try:
        answers = {check: ask(CHECKS[check], question) for check in state.verdicts}
    finally:
        shared.machine.run(state.mended)
    for check, (status, word) in state.verdicts.items():
        answer = answers[check]
        assert (answer.status, word in answer.reason) == (status, True), f"{check}: {answer}"
    bad = {check for check, answer in answers.items() if answer.status in BAD}
    assert causes(answers) == ([(state.cause, bad)] if state.cause else [])
    if state.calm:
        calm = {check: answer for check, answer in answers.items() if check not in DISTURBING}
        assert causes(calm) == [(state.calm, bad - DISTURBING)]


def asked(node: Node, expected: Expected, checks: Sequence[str], limits: Limits = LIMITS) -> dict[str, Answer]:
    """What a run says of a node."""
    chosen = [CHECKS[check] for check in checks]
    plan = NodePlan(node.name, lambda: SshLink(node, limits), lambda: expected(node), chosen)
    with Fleet([plan]) as fleet:
        return {check: fleet.answer(node.name, check, print).answer for check in checks}


SOME = ("device.present", "device.opens", "udev.rules-accepted")


def all_inconclusive(answers: dict[str, Answer], word: str, cause: str, remedy: str) -> bool:
    """Whether no check has an answer, all for this reason; one rule explains all, and each says what to do."""
    unsure = all(answer.status is UNSURE and word in answer.reason for answer in answers.values())
    told = all(remedy in answer.evidence[0].output for answer in answers.values())
    return unsure and told and causes(answers) == [(cause, set(answers))]


def test_a_board_without_a_listening_sshd(shared: SshBoard, expected: Expected) -> None:
    started = time.monotonic()
    answers = asked(shared.node(port=1), expected, SOME)
    assert all_inconclusive(answers, "nothing listens", "no-sshd", "check port:"), answers
    assert time.monotonic() - started < 10


def test_a_board_with_another_host_key(shared: SshBoard, expected: Expected) -> None:
    answers = asked(shared.node(ssh_config=shared.keys.ssh_config(shared.port, "other")), expected, SOME)
    assert all_inconclusive(answers, "its host key has changed", "host-key-changed", "ssh-keygen -R"), answers


def test_a_board_that_refuses_the_key(shared: SshBoard, expected: Expected) -> None:
    answers = asked(shared.node(identity=shared.keys.directory / "other"), expected, SOME)
    assert all_inconclusive(answers, "refuses the key", "login-refused", "authorized keys"), answers


def test_a_board_whose_sshd_hangs(board: SshBoard, expected: Expected) -> None:
    board.sh("kill -STOP $(cat /run/fleet/pid)")
    started = time.monotonic()
    answers = asked(board.node(), expected, SOME, Limits(connect=5.0))
    assert all_inconclusive(answers, "cannot be asked", "node-silent", "check that it is on"), answers
    assert time.monotonic() - started < 20


def test_a_link_lost_in_mid_check_is_made_again(board: SshBoard, expected: Expected) -> None:
    with SshLink(board.node(), LIMITS) as link:
        question = NodeUnderTest(link.host(), expected(board.node()))
        board.sh("pkill -f 'sshd: root'")
        first = ask(CHECKS["device.present"], question)
        assert (first.status, causes({"device.present": first})) == (Status.PASS, [])
        link.retry = False
        board.sh("pkill -f 'sshd: root'")
        answer = ask(CHECKS["udev.survives-replug"], question)
        assert all_inconclusive({"udev.survives-replug": answer}, "was lost", "link-lost", "hint: "), answer
        assert isinstance(link.lost, NodeError)


def test_a_board_that_reboots_in_mid_check(board: SshBoard, expected: Expected) -> None:
    with SshLink(board.node(), LIMITS) as link:
        question = NodeUnderTest(link.host(), expected(board.node()))
        assert ask(CHECKS["device.present"], question).status is Status.PASS
        # Another boot's identifier and the end of every session: all that a client sees of a quick reboot.
        board.sh("cat /proc/sys/kernel/random/uuid >/run/boot; mount --bind /run/boot /proc/sys/kernel/random/boot_id")
        board.sh("pkill -f 'sshd: root'")
        answers = {check: ask(CHECKS[check], question) for check in SOME}
        assert all_inconclusive(answers, "rebooted", "node-rebooted", "run it again"), answers


def test_a_board_that_goes_away_in_mid_check(board: SshBoard, expected: Expected) -> None:
    with SshLink(board.node(), LIMITS) as link:
        question = NodeUnderTest(link.host(), expected(board.node()))
        assert ask(CHECKS["device.present"], question).status is Status.PASS
        board.machine.kill()
        started = time.monotonic()
        answers = {check: ask(CHECKS[check], question) for check in SOME}
        assert all_inconclusive(answers, "was lost before", "link-lost", "hint: "), answers
        assert time.monotonic() - started < 20
