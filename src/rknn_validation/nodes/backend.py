"""A testinfra host over any connection that runs shell commands as root."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

from rknn_validation.common.command import Completed


class Backend(BaseBackend):  # type: ignore[misc]
    """Runs testinfra's commands by `run_command`, which raises HarnessError where the node could not be asked.

    A command's own failure is an exit status, whatever its number. So neither is ever taken for the other.
    """

    NAME = "rknn-validation"

    def __init__(self, name: str, run_command: Callable[[str], Completed]) -> None:
        super().__init__(name)
        self._run_command = run_command
        self._encoding = "utf-8"

    def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:
        """Run a command; `%s` in it are filled with the quoted `args`."""
        text = self.get_command(command, *args)
        done = self._run_command(text)
        return self.result(done.rc, text.encode(), done.stdout, done.stderr)

    def decode(self, data: bytes) -> str:
        """Text of a command's output; bytes that are not UTF-8 are replaced."""
        return data.decode("utf-8", errors="replace")


def host(name: str, run_command: Callable[[str], Completed]) -> Host:
    """The node as a testinfra host."""
    return Host(Backend(name, run_command))
