"""A testinfra host over the NixOS test driver's `machine`."""

from __future__ import annotations

import base64
import binascii
import inspect
import secrets
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol, TypeVar, get_args

from testinfra.host import Host

from rknn_validation.common.command import Completed, quoted, still_running
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import DeadlineExceeded, HarnessError, MachineError
from rknn_validation.nodes import backend

SECONDS = 240.0
"""How long one command may take unless told otherwise: NixOS tests also run without KVM, with other builds beside."""
GRACE = 30
"""Seconds the guest gets on top, to end a command that is late and to say so."""
LATE = -1
"""The status of a command that had to be ended, which is none that a command can have."""
COMMAND_BYTES = 60_000
"""Longest command: the driver passes it on as one argument, which Linux limits to 128 KiB, in base64."""

# The driver runs this as `bash -c` with `set -euo pipefail`, hands over standard output alone, and waits until nobody
# holds it any more. So the command writes to files, and only the answer is printed; what it leaves running holds
# nothing up. The environment is fixed: the driver's own shell has read /etc/profile, which must not affect checks.
_SCRIPT = """\
set +euo pipefail
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd /root 2>/dev/null || cd /
echo {command} | base64 -d >"$work/command"
path=/run/wrappers/bin:/run/current-system/sw/bin:/run/current-system/sw/sbin
path=$path:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
timeout --kill-after=5 {seconds} bash -c '
  env -i PATH="$2" HOME=/root USER=root LOGNAME=root LANG=C.UTF-8 TERM=dumb bash -c "$(cat "$1/command")"
  echo $? >"$1/status"
' - "$work" "$path" </dev/null >"$work/out" 2>"$work/err"
echo "{mark} $(cat "$work/status" 2>/dev/null || echo late)"
base64 -w 0 "$work/out"; echo
base64 -w 0 "$work/err"; echo
echo "{mark} end"
"""

T = TypeVar("T")


def _seconds(ask: Callable[..., object], seconds: int) -> Any:
    """`seconds` as the driver's method wants its `timeout`: a number, and a timedelta since NixOS 26.11."""
    limit = inspect.signature(ask).parameters["timeout"]
    takes = isinstance(limit.default, timedelta) or timedelta in get_args(limit.annotation)
    return timedelta(seconds=seconds) if takes else seconds


class NixosTestMachine(Protocol):
    """The part of the NixOS test driver's `machine` that is needed here, with the signatures of NixOS 26.05.

    From nixpkgs' nixos/lib/test-driver/src/test_driver/machine/__init__.py (class BaseMachine).
    """

    name: str

    def execute(
        self, command: str, check_return: bool = True, check_output: bool = True, timeout: int | None = 900
    ) -> tuple[int, str]:
        """Run a shell command as root: exit status and standard output."""

    def wait_for_unit(self, unit: str, user: str | None = None, timeout: int = 900) -> None:
        """Wait until a unit is active; raises where it fails or takes too long."""


class DriverConnection:
    """The driver's connection to a machine. Everything said over it has a deadline.

    The driver itself has no deadline for a machine that hangs, and what it raises when the machine is gone depends on
    what it was doing (broken pipe, a status that is no number, ...). All of that becomes HarnessError. A connection
    that broke once is not used again: an answer that arrives late would be taken for that of the next command.
    """

    def __init__(self, driver: NixosTestMachine) -> None:
        self.driver = driver
        self._lost: HarnessError | None = None

    def use(self, act: Callable[[], T], deadline: Deadline, *, breaks: bool = True) -> T:
        """What `act` returns. With `breaks`, the connection is lost where it raises, not only where it hangs."""
        if self._lost is not None:
            seen = f"{self._lost.message}: {self._lost.seen}"
            raise MachineError(
                f"{self.driver.name} can no longer be asked", expected="the driver's connection", seen=seen
            )
        results: list[T] = []
        problems: list[BaseException] = []

        def work() -> None:
            try:
                results.append(act())
            except BaseException as problem:
                problems.append(problem)

        # A daemon thread: one that hangs must not keep the driver from ending.
        thread = threading.Thread(target=work, name=f"asking {self.driver.name}", daemon=True)
        thread.start()
        thread.join(deadline.remaining())
        if results:
            return results[0]
        if not problems:
            self._lost = deadline.exceeded("a machine that no longer answers the driver")
            raise self._lost
        problem = problems[0]
        if not isinstance(problem, Exception) or isinstance(problem, HarnessError):
            raise problem
        error = MachineError(
            f"the NixOS test driver failed on {self.driver.name}",
            expected=deadline.what,
            seen=f"{type(problem).__name__}: {problem}",
        )
        if breaks:
            self._lost = error
        raise error from problem

    def wait_for_unit(self, unit: str, deadline: Deadline) -> None:
        """Wait until a unit is active. Raises HarnessError where it fails or the deadline passes."""
        seconds = max(1, int(deadline.remaining()))
        waiting = Deadline.after(seconds + GRACE, deadline.what)
        wait = self.driver.wait_for_unit
        self.use(lambda: wait(unit, timeout=_seconds(wait, seconds)), waiting, breaks=False)

    def run(self, command: str, seconds: int) -> Completed:
        """Run a shell command as root. Raises HarnessError where there is no answer, or none within `seconds`."""
        data = command.encode()
        if len(data) > COMMAND_BYTES:
            raise HarnessError(
                "a command is too long for the NixOS test driver",
                expected=f"at most {COMMAND_BYTES} bytes",
                seen=f"{len(data)} bytes: {command[:80]}",
            )
        mark = f"answer-{secrets.token_hex(8)}"
        script = _SCRIPT.format(command=base64.b64encode(data).decode(), seconds=seconds, mark=mark)
        deadline = Deadline.after(seconds + 2 * GRACE, f"{quoted(command)} on {self.driver.name}")
        execute = self.driver.execute
        status, text = self.use(lambda: execute(script, timeout=_seconds(execute, seconds + GRACE)), deadline)
        answer = _answer(text, mark) if status == 0 else None
        if answer is None:
            raise MachineError(
                f"{self.driver.name} gave no answer that can be read",
                expected=f"status, output and errors of {deadline.what}",
                seen=f"exit status {status} of the driver's shell, and {text[-500:]!r}",
            )
        if answer.rc == LATE:
            raise DeadlineExceeded(
                f"gave up waiting for {deadline.what}",
                expected=f"an answer within {seconds} s",
                seen=still_running(answer),
            )
        return answer


def _answer(text: str, mark: str) -> Completed | None:
    """What the script printed of a command, its status LATE where it had to be ended; None where that is torn."""
    try:
        first, out, err, last, rest = text.split("\n")
        kept, _, word = first.partition(" ")
        if (kept, last, rest) != (mark, f"{mark} end", "") or not (word == "late" or word.isdecimal()):
            return None
        status = LATE if word == "late" else int(word)
        return Completed(status, base64.b64decode(out, validate=True), base64.b64decode(err, validate=True))
    except (ValueError, binascii.Error):
        return None


def host(line: DriverConnection, seconds: float = SECONDS) -> Host:
    """The machine at the end of `line` as a testinfra host. `seconds` bounds each command."""
    return backend.host(line.driver.name, lambda command: line.run(command, max(1, int(seconds))))
