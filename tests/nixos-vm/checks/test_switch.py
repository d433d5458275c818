"""`nixos-rebuild switch` on a running board: what goes, what stays, what follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import handmade
import pytest
from bench import Bench

from rknn_validation.checks.model import Status
from rknn_validation.checks.node.transition import TRANSITION_CHECKS, Move, look
from rknn_validation.npu.stacks import VENDOR

pytestmark = pytest.mark.vm

NEWER = replace(handmade.RUNTIME, name="rknn-runtime-2.4.0", out_path=handmade.store("rknn-runtime-2.4.0", "2"))
LINK = "/usr/lib/librknnrt.so"


def passes(board: Bench, *checks: str) -> None:
    for check in checks:
        answer = board.ask(check)
        assert answer.status is Status.PASS, f"{check}: {answer.reason}\n{answer.evidence}"


def test_switched_off_leaves_no_link_no_rule_and_no_variable(bench: Callable[[str], Bench]) -> None:
    board = bench("vendor")
    assert board.sh(f"readlink {LINK}").strip() == f"{handmade.RUNTIME.out_path}/lib/librknnrt.so"
    board.switch(handmade.configuration())
    board.setup = replace(board.setup, stack=None)
    passes(board, "disabled.no-link", "disabled.no-rules", "disabled.no-variable", "disabled.no-units")
    passes(board, "disabled.no-packages", "units.none-failed")
    board.sh(f"test -e {handmade.RUNTIME.out_path}/lib/librknnrt.so")  # the store is garbage-collected another day


def test_the_link_follows_the_package(bench: Callable[[str], Bench]) -> None:
    board = bench("vendor")
    board.switch(handmade.vendor(NEWER))
    assert board.sh(f"readlink {LINK}").strip() == f"{NEWER.out_path}/lib/librknnrt.so"
    passes(board, "library.login-shell-finds-runtime", "python.runtime-in-place", "units.none-failed")
    assert NEWER.out_path in board.ask("library.login-shell-finds-runtime").reason


def test_a_link_made_by_tmpfiles_stays_behind_and_is_told(bench: Callable[[str], Bench]) -> None:
    board = bench("disabled")
    booted = look(board.question())
    board.switch(handmade.configuration(tmpfiles=(f"L+ {LINK} - - - - /nix/store/x/lib/librknnrt.so",)))
    switched = board.switch(handmade.configuration())
    move = Move(switched.status, switched.said, booted, look(board.question()), next_boot=False, drivers=())
    answers = {check.id: check.ask(move) for check in TRANSITION_CHECKS.all()}
    assert [name for name, one in answers.items() if one.status is not Status.PASS] == ["transition.links"]
    assert answers["transition.links"].reason == f"{LINK} is left (a link to /nix/store/x/lib/librknnrt.so)"


def test_kernel_modules_change_only_at_the_next_boot(bench: Callable[[str], Bench]) -> None:
    board = bench("disabled")
    switched = board.switch(handmade.vendor())
    assert "rknpu not found" in board.sh("journalctl -b -o cat -u npu-driver.service")
    assert switched.status == 4
    assert "npu-driver.service" in switched.said
    board.setup = replace(board.setup, stack=VENDOR)
    passes(board, "library.login-shell-finds-runtime", "library.service-finds-runtime", "python.runtime-in-place")
    current, booted = (board.sh(f"readlink /run/{name}-system/kernel-modules") for name in ("current", "booted"))
    assert current != booted


def test_accounts_that_no_configuration_declares_stay(bench: Callable[[str], Bench]) -> None:
    board = bench("disabled")
    board.sh("groupadd byhand && useradd -M byhand -g byhand")
    groups = {"npu": handmade.Account("npu", (), True)}
    board.switch(handmade.configuration(groups=groups))
    assert board.sh("getent group byhand npu").count(":x:") == 2
    board.switch(handmade.configuration())
    assert board.sh("getent group byhand; id -un byhand; getent group npu || echo gone").split()[1:] == [
        "byhand",
        "gone",
    ]


def test_a_changed_unit_is_restarted_and_an_unchanged_one_is_not(bench: Callable[[str], Bench]) -> None:
    board = bench("vendor")
    show = "systemctl show --property=InvocationID --value {}"
    link, driver = (board.sh(show.format(f"npu-{name}.service")) for name in ("runtime-link", "driver"))
    board.switch(handmade.vendor(NEWER))
    assert board.sh(show.format("npu-runtime-link.service")) != link
    assert board.sh(show.format("npu-driver.service")) == driver


def test_new_rules_reach_devices_only_when_triggered(bench: Callable[[str], Bench]) -> None:
    board = bench("vendor")
    other = handmade.vendor(udev_rules=handmade.rules('KERNEL=="rknpu", GROUP="video", MODE="0640"\n'))
    board.switch(other)
    assert board.sh("stat -c '%G %a' /dev/rknpu").split() == ["render", "660"]
    board.sh("udevadm trigger --action=add --settle /sys/class/misc/rknpu")
    assert board.sh("stat -c '%G %a' /dev/rknpu").split() == ["video", "640"]


def test_variables_reach_new_login_shells(bench: Callable[[str], Bench]) -> None:
    board = bench("disabled")
    board.switch(handmade.configuration(set_environment='export ANSWER="42"\n', session_variables={"WHO": "@{HOME}"}))
    assert board.sh("su - alice -c 'echo $ANSWER'").strip() == "42"
    assert board.sh("env -i HOME=/ bash -lc 'echo $ANSWER'").strip() == "42"
    assert board.sh("systemd-run --quiet --wait --pipe bash -c 'printenv ANSWER || echo unset'").strip() == "unset"
