"""What a machine promises to those who use it."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import DeadlineExceeded, HarnessError
from rknn_validation.machine.emulator import Machine

pytestmark = pytest.mark.vm

Restored = Callable[..., AbstractContextManager[Machine]]


def test_status_and_streams_are_apart(machine: Machine) -> None:
    done = machine.run("echo out; echo err >&2; exit 7")
    assert (done.rc, done.stdout, done.stderr) == (7, b"out\n", b"err\n")


def test_bytes_arrive_as_they_are(machine: Machine) -> None:
    everything = bytes(range(256)) * 3 + b"\0\r\n\x04\x03\x1a"
    assert machine.run("cat", stdin=everything).stdout == everything
    assert machine.run("printf '\\377\\0\\n'").stdout == b"\xff\0\n"


def test_a_large_input_is_quick(machine: Machine) -> None:
    data = os.urandom(8 * 1024**2)
    started = time.monotonic()
    done = machine.run("sha256sum", stdin=data)
    assert done.stdout.split()[0].decode() == hashlib.sha256(data).hexdigest()
    assert time.monotonic() - started < 5


def test_a_command_need_not_read_its_input(machine: Machine) -> None:
    assert machine.run("head -c 3", stdin=b"x" * 1_000_000).stdout == b"xxx"
    assert machine.run("true", stdin=b"x" * 1_000_000).rc == 0
    assert machine.run("echo still here").stdout == b"still here\n"


def test_signals_are_told_as_shells_tell_them(machine: Machine) -> None:
    assert machine.run("kill -TERM $$").rc == 143
    assert machine.run("no-such-command").rc == 127


def test_input_is_empty_unless_given(machine: Machine) -> None:
    """A program that waits for input gets its end, and no terminal."""
    assert machine.run("cat; [ -t 0 ] || echo no terminal").stdout == b"no terminal\n"


def test_the_environment_is_fixed(machine: Machine) -> None:
    """What a configuration does to systemd's environment is seen by services, not by the harness's commands."""
    machine.run("systemctl set-environment LD_LIBRARY_PATH=/elsewhere")
    names = {line.partition(b"=")[0] for line in machine.run("env").stdout.splitlines()}
    assert names - {b"_", b"PWD", b"SHLVL"} == {b"PATH", b"HOME", b"USER", b"LOGNAME", b"SHELL", b"LANG", b"TERM"}


def test_a_command_is_killed_at_its_deadline_and_the_machine_goes_on(machine: Machine) -> None:
    """With its children, and with what it had said so far."""
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded) as caught:
        machine.run("echo before; sleep 1234 & sleep 1235", deadline=Deadline.after(1.5, "a long command"))
    assert time.monotonic() - started < 4
    assert "a long command" in caught.value.message
    assert "before" in caught.value.seen
    assert machine.run("pgrep -f 'sleep 123[4]|sleep 123[5]'").rc == 1


def test_what_runs_on_in_the_background_does_not_hold_the_command(machine: Machine) -> None:
    started = time.monotonic()
    assert machine.run("sleep 300 & echo started").stdout == b"started\n"
    assert time.monotonic() - started < 5
    assert machine.run("pgrep -x sleep").rc == 0


def test_an_endless_output_ends_at_the_deadline(machine: Machine) -> None:
    with pytest.raises(DeadlineExceeded):
        machine.run("yes", deadline=Deadline.after(1.0, "yes"))
    assert machine.run("echo on").stdout == b"on\n"


def test_a_command_that_is_too_long_says_so(machine: Machine) -> None:
    with pytest.raises(HarnessError, match="too long"):
        machine.run("true " + "x" * 100_000)
    assert machine.run("true " + "x" * 60_000).rc == 0


def test_commands_from_several_threads_do_not_mix(machine: Machine) -> None:
    with ThreadPoolExecutor(4) as pool:
        outputs = list(pool.map(lambda number: machine.run(f"echo {number}").stdout, range(12)))
    assert outputs == [f"{number}\n".encode() for number in range(12)]


def test_clones_share_nothing(restored: Restored) -> None:
    """Not their files, not the snapshot's, not the state of their random numbers."""
    with restored("orangepi-5-plus") as one, restored("orangepi-5-plus") as other:
        one.run("echo changed >/etc/hostname; rm -rf /usr/bin/python3; touch /root/new")
        assert other.run("cat /etc/hostname; ls /root; ls /usr/bin/python3").stdout == b"board\n/usr/bin/python3\n"
        command = "head -c 16 /dev/urandom | od -An -tx1"
        assert one.run(command).stdout != other.run(command).stdout
    with restored("orangepi-5-plus") as later:
        assert later.run("cat /etc/hostname; ls /root").stdout == b"board\n"


def test_a_clone_is_the_machine_that_was_saved(restored: Restored) -> None:
    """The boot identifier lives in kernel memory only: same in every clone, and older than the clone."""
    with restored("orangepi-5-plus") as one:
        first = one.run("cat /proc/sys/kernel/random/boot_id").stdout
        up = float(one.run("cut -d' ' -f1 /proc/uptime").stdout)
    with restored("orangepi-5-plus") as other:
        assert other.run("cat /proc/sys/kernel/random/boot_id").stdout == first
    assert up > 4


def test_a_clone_knows_the_time(machine: Machine) -> None:
    assert abs(float(machine.run("date +%s.%N").stdout) - time.time()) < 2


def test_restored_within_a_second_three_at_once(restored: Restored) -> None:
    """To the first command's answer; generous here, measured in benchmarks/machine.py."""
    with restored("orangepi-5-plus"):
        pass
    with ExitStack() as stack:
        machines = []
        for _ in range(3):
            started = time.monotonic()
            machines.append(stack.enter_context(restored("orangepi-5-plus")))
            assert machines[-1].run("echo ready").stdout == b"ready\n"
            assert time.monotonic() - started < 5
        assert sum(proportional_memory(machine.pid) for machine in machines) < 1024**3


def proportional_memory(pid: int) -> int:
    """The process's share of memory (PSS) in bytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def test_the_console_is_kept(restored: Restored) -> None:
    """Boot messages and what came later, also when the machine has gone."""
    with restored("orangepi-5-plus") as machine:
        machine.run("echo '<0>a word from the kernel' >/dev/kmsg")
        deadline = Deadline.after(10, "the message on the console")
        while "a word from the kernel" not in machine.console_log():
            assert deadline.remaining()
        assert machine.alive
    assert "a word from the kernel" in machine.console_log()
    assert not machine.alive
