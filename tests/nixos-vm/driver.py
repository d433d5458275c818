"""An object with the interface of the NixOS test driver's `machine`, over whatever runs a shell command.

What it does with a command is what the driver does (nixos/lib/test-driver in nixpkgs): `bash -c` under `timeout`, with
`set -euo pipefail`, only standard output handed over, in base64. Where a machine is gone it raises what the driver
raises then. The methods are those of typing/test_driver/machine.pyi; a test holds the two together.
"""

from __future__ import annotations

import base64
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.machine.machine import Machine

Shell = Callable[[str, float | None], str]
"""Runs a script with bash as root: standard output. Seconds, or None for no limit. Raises HarnessError if it cannot."""
FOREVER = 3600.0


class RequestedAssertionFailed(Exception):
    """A unit that failed, a command that did not succeed: what the driver calls test_driver.errors' of this name."""


class DriverMachine:
    """The driver's `machine`. Every method has the driver's own signature."""

    def __init__(self, name: str, out_dir: Path, shell: Shell, kill: Callable[[], None] = lambda: None) -> None:
        self.name = name
        self.out_dir = out_dir
        self.asked: list[str] = []
        self._shell = shell
        self._kill = kill

    def execute(
        self, command: str, check_return: bool = True, check_output: bool = True, timeout: int | None = 900
    ) -> tuple[int, str]:
        self.asked.append(command)
        limit = "" if timeout is None else f"timeout {timeout} "
        script = f"{limit}bash -c {shlex.quote('set -euo pipefail; ' + command)} | (base64 -w 0; echo)\n"
        try:
            said = self._shell(f"{script}echo ${{PIPESTATUS[0]}}", timeout)
        except HarnessError:
            said = "\n"  # a closed socket reads as nothing
        output, status = said.split("\n", 1)
        if not check_output:
            return -2, ""
        text = base64.b64decode(output).decode(errors="replace")
        return (int(status), text) if check_return else (-1, text)

    def succeed(self, *commands: str, timeout: int | None = None) -> str:
        output = ""
        for command in commands:
            status, said = self.execute(command, timeout=timeout)
            if status != 0:
                raise RequestedAssertionFailed(f"command `{command}` failed (exit code {status})")
            output += said
        return output

    def fail(self, *commands: str, timeout: int | None = None) -> str:
        output = ""
        for command in commands:
            status, said = self.execute(command, timeout=timeout)
            if status == 0:
                raise RequestedAssertionFailed(f"command `{command}` unexpectedly succeeded")
            output += said
        return output

    def systemctl(self, q: str, user: str | None = None) -> tuple[int, str]:
        assert user is None, "no test has a user's units"
        return self.execute(f"systemctl {q}")

    def get_unit_info(self, unit: str, user: str | None = None) -> dict[str, str]:
        status, lines = self.systemctl(f'--no-pager show "{unit}"', user)
        if status != 0:
            raise RequestedAssertionFailed(f'retrieving systemctl info for unit "{unit}" failed with {status}')
        return dict(found.groups() for line in lines.splitlines() if (found := re.match("([^=]+)=(.*)", line)))

    def get_unit_property(self, unit: str, property: str, user: str | None = None) -> str:
        return self.get_unit_info(unit, user)[property]

    def wait_for_unit(self, unit: str, user: str | None = None, timeout: int = 900) -> None:
        for _ in self._attempts(f"unit {unit}", timeout):
            state = self.get_unit_property(unit, "ActiveState", user)
            if state == "active":
                return
            if state == "failed":
                raise RequestedAssertionFailed(f'unit "{unit}" reached state "{state}"')
            if state == "inactive" and "No jobs" in self.systemctl("list-jobs --full 2>&1", user)[1]:
                raise RequestedAssertionFailed(f'unit "{unit}" is inactive and there are no pending jobs')

    def wait_until_succeeds(self, command: str, timeout: int = 900) -> str:
        for _ in self._attempts(f"success of {command}", timeout):
            status, said = self.execute(command, timeout=timeout)
            if status == 0:
                return said
        raise AssertionError("unreachable")

    def wait_until_fails(self, command: str, timeout: int = 900) -> str:
        for _ in self._attempts(f"failure of {command}", timeout):
            status, said = self.execute(command, timeout=timeout)
            if status != 0:
                return said
        raise AssertionError("unreachable")

    def wait_for_file(self, filename: str, timeout: int = 900) -> None:
        self.wait_until_succeeds(f"test -e {filename}", timeout)

    def start(self, allow_reboot: bool = False) -> None:
        pass  # it runs already

    def is_up(self) -> bool:
        return True

    def crash(self) -> None:
        self._kill()

    def log(self, msg: str) -> None:
        print(f"{self.name}: {msg}")

    def _attempts(self, what: str, timeout: int) -> Iterator[None]:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            yield
            time.sleep(1)  # so does the driver
        raise RequestedAssertionFailed(f"{what}: timed out after {timeout} seconds")


def on_board(machine: Machine, name: str, out_dir: Path) -> DriverMachine:
    """The driver's interface over an emulated board."""

    def shell(script: str, seconds: float | None) -> str:
        limit = FOREVER if seconds is None else seconds
        return machine.run(script, deadline=Deadline.after(limit + 10, name)).stdout.decode()

    return DriverMachine(name, out_dir, shell, machine.kill)


def on_this_machine(name: str, out_dir: Path) -> DriverMachine:
    """The driver's interface over the machine the tests run on: for tests of the interface alone."""

    def shell(script: str, seconds: float | None) -> str:
        return subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True, timeout=seconds and seconds + 10, check=False
        ).stdout

    return DriverMachine(name, out_dir, shell)


@contextmanager
def subtest(name: str) -> Iterator[None]:
    """The driver's `subtest`: names a group of lines in its log."""
    print(f"subtest: {name}")
    yield
