"""Boards boot, are what they claim to be, and are in good health without any configuration."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from rknn_validation.machine import qemu
from rknn_validation.machine.emulator import Machine
from rknn_validation.npu.boards import BOARDS

pytestmark = pytest.mark.vm

Restored = Callable[..., AbstractContextManager[Machine]]


def said(machine: Machine, command: str) -> str:
    """Standard output of a command that must succeed in silence."""
    done = machine.run(command)
    assert (done.rc, done.stderr) == (0, b""), f"{command}: {done}"
    return done.stdout.decode()


# Boards differ in their trees alone, and every tree is read in tests/unit/machine: a few of them boot.
@pytest.mark.parametrize("name", ["orangepi-5-plus", "nanopi-r6c", "raspberrypi-4-b", "virt"])
def test_identity_and_health(name: str, restored: Restored) -> None:
    """The device tree says what the board's would; systemd is PID 1 and runs without a failed unit."""
    board = BOARDS[name]
    with restored(name) as machine:
        compatible = said(machine, "tr '\\0' '\\n' </proc/device-tree/compatible").split()
        assert tuple(compatible) == board.compatible
        assert said(machine, "tr -d '\\0' </proc/device-tree/model") == board.model
        assert said(machine, "systemctl is-system-running") == "running\n"
        assert said(machine, "systemctl list-units --failed --no-legend --plain") == ""
        assert said(machine, "cat /proc/1/comm") == "systemd\n"
        assert said(machine, "ls -d /proc/device-tree/npu@* /dev/rknpu* /dev/accel 2>/dev/null | wc -l") == "0\n"
        assert said(machine, "uname -m") == "aarch64\n"


def test_the_virt_board_is_what_qemu_says(tmp_path: Path) -> None:
    """The one identity that comes from no kernel package: QEMU's own tree carries the same."""
    program, flag, machine, *rest = qemu.board()
    dump = tmp_path / "virt.dtb"
    subprocess.run([program, flag, f"{machine},dumpdtb={dump}", *rest], check=True, timeout=20, capture_output=True)
    assert b"linux,dummy-virt\0" in dump.read_bytes()
    assert (BOARDS["virt"].compatible, BOARDS["virt"].model) == (("linux,dummy-virt",), "linux,dummy-virt")


def test_accounts_are_those_of_nixos(machine: Machine) -> None:
    """Group render has NixOS's number; the person is not in it, the service is."""
    assert said(machine, "getent group render") == "render:x:303:npu-user\n"
    assert "render" not in said(machine, "id -nG alice").split()
    assert "render" in said(machine, "id -nG npu-user").split()
    assert said(machine, "su - alice -c 'id -un; pwd'") == "alice\n/home/alice\n"
    assert said(machine, "id -un 65534; id -gn 65534") == "nobody\nnogroup\n"


def test_python_and_the_vendors_wheel_are_there_but_not_on_the_path(machine: Machine) -> None:
    """The configuration decides whether Python finds the toolkit; its dependencies are at hand."""
    assert (
        said(machine, "python3 -c 'import sys, numpy, psutil, ruamel.yaml; print(sys.version_info[:2])'") == "(3, 11)\n"
    )
    assert machine.run("python3 -c 'import rknnlite'").rc != 0
    found = machine.run(
        "PYTHONPATH=/usr/lib/rknn-toolkit-lite2 python3 -c 'from rknnlite.api import RKNNLite; RKNNLite()'"
    )
    assert found.rc == 0, found.stderr.decode()


def test_sshd_is_there_and_not_running(machine: Machine) -> None:
    """Installed for those who want it; nothing listens on its own."""
    assert machine.run("sshd -V").stderr
    assert machine.run("systemctl is-active ssh.service").rc != 0


def test_nothing_of_the_harness_is_in_the_way(machine: Machine) -> None:
    """A search for traces of RKNN in a bare board's configuration finds none."""
    assert said(machine, "grep -rliE 'rknn|rknpu' /etc /run/systemd 2>/dev/null || true") == ""


def test_the_programs_that_scripts_expect_are_there(machine: Machine) -> None:
    """No maintainer script has run, so links that those would make are the image's own; each program starts."""
    names = (
        "sh bash awk sed grep find xargs logger which getent su stat readlink realpath tar gzip diff hostname ip ss ps "
        "pgrep getfacl mount findmnt setpriv runuser udevadm modprobe depmod modinfo lsmod systemctl journalctl "
        "systemd-run systemd-tmpfiles systemd-cat ldd ldconfig python3 dbus-send"
    )
    assert said(machine, f"for name in {names}; do command -v $name >/dev/null || echo $name; done") == ""
    start = "$name --version >/dev/null 2>&1 </dev/null; case $? in 126|127|139) echo $name;; esac"
    assert said(machine, f"for name in {names}; do {start}; done") == ""
