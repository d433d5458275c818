"""A testinfra host over an emulated board's command channel."""

from __future__ import annotations

from typing import Any, Protocol

from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

from rknn_validation.common.deadline import Deadline

SECONDS = 90.0
"""How long one command may take unless told otherwise; the slowest, importing numpy, takes 4 s on an idle host."""


class Completed(Protocol):
    """What a command gave."""

    @property
    def rc(self) -> int:
        """Exit status."""

    @property
    def stdout(self) -> bytes:
        """Standard output."""

    @property
    def stderr(self) -> bytes:
        """Standard error."""


class Machine(Protocol):
    """The part of an emulated board that is needed here: it runs commands as root.

    `run` raises HarnessError where the machine died or did not answer in time; that is never an exit status.
    """

    def run(self, command: str, *, stdin: bytes = b"", deadline: Deadline | None = None) -> Completed:
        """Run a shell command."""


class ConsoleBackend(BaseBackend):  # type: ignore[misc]
    """Runs testinfra's commands on an emulated board, as root.

    A command's own failure is an exit status; a board that died or hangs raises HarnessError instead, so that it
    can never be taken for an answer.
    """

    NAME = "console"

    def __init__(self, machine: Machine, name: str, seconds: float = SECONDS) -> None:
        super().__init__(name)
        self._machine = machine
        self._seconds = seconds
        self._encoding = "utf-8"

    def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:
        """Run a command; `%s` in it are filled with the quoted `args`."""
        text = self.get_command(command, *args)
        deadline = Deadline.after(self._seconds, f"{text!r} on {self.hostname}")
        done = self._machine.run(text, deadline=deadline)
        return self.result(done.rc, text.encode(), done.stdout, done.stderr)

    def decode(self, data: bytes) -> str:
        """Text of a command's output; what is not UTF-8 is replaced, never fatal."""
        return data.decode("utf-8", errors="replace")


def host(machine: Machine, name: str = "board", seconds: float = SECONDS) -> Host:
    """The machine as a testinfra host. `seconds` bounds each command."""
    return Host(ConsoleBackend(machine, name, seconds))
