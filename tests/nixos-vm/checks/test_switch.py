"""`nixos-rebuild switch` on a running board: what goes, what stays, what follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import handmade
import pytest
from bench import Bench

from rknn_validation.checks.model import Status
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
    passes(board, "library.login-shell", "python.runtime-in-place", "units.none-failed")
    assert NEWER.out_path in board.ask("library.login-shell").reason


def test_a_link_made_by_tmpfiles_stays_behind(bench: Callable[[str], Bench]) -> None:
    board = bench("disabled")
    board.switch(handmade.configuration(tmpfiles=(f"L+ {LINK} - - - - /nix/store/x/lib/librknnrt.so",)))
    board.switch(handmade.configuration())
    assert board.sh(f"readlink {LINK}").strip() == "/nix/store/x/lib/librknnrt.so"


def test_switched_on_brings_up_what_it_can_without_a_reboot(bench: Callable[[str], Bench]) -> None:
    board = bench("disabled")
    board.switch(handmade.vendor(), modules=True)
    board.setup = replace(board.setup, stack=VENDOR)
    passes(board, "library.login-shell", "library.service", "python.runtime-in-place")
    assert "Module rknpu not found" not in board.sh("journalctl -b -o cat -u npu-driver.service")


def test_kernel_modules_change_only_at_the_next_boot(bench: Callable[[str], Bench]) -> None:
    board = bench("disabled")
    board.switch(handmade.vendor())
    assert "rknpu not found" in board.sh("journalctl -b -o cat -u npu-driver.service")


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
    board.switch(other, trigger=False)
    assert board.sh("stat -c '%G %a' /dev/rknpu").split() == ["render", "660"]
    board.sh("udevadm trigger --action=add --settle /sys/class/misc/rknpu")
    assert board.sh("stat -c '%G %a' /dev/rknpu").split() == ["video", "640"]


def test_variables_reach_new_login_shells(bench: Callable[[str], Bench]) -> None:
    board = bench("disabled")
    board.switch(handmade.configuration(set_environment='export ANSWER="42"\n', session_variables={"WHO": "@{HOME}"}))
    assert board.sh("su - alice -c 'echo $ANSWER'").strip() == "42"
    assert board.sh("env -i HOME=/ bash -lc 'echo $ANSWER'").strip() == "42"
    assert board.sh("systemd-run --quiet --wait --pipe bash -c 'printenv ANSWER || echo unset'").strip() == "unset"
