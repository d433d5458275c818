"""A shell command on a node: what it gave, and how errors quote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from rknn_validation.common.deadline import Deadline

_SHOWN = 80


@dataclass(frozen=True)
class Completed:
    """A command that ended: its exit status (128 + N for signal N) and its two streams."""

    rc: int
    stdout: bytes
    stderr: bytes

    def said(self) -> str:
        """Both streams as text, without white space around it."""
        return (self.stdout + self.stderr).decode(errors="replace").strip()


class CommandRunner(Protocol):
    """A machine that runs commands as root.

    `run` raises HarnessError where the machine died or did not answer in time; that is never an exit status.
    """

    def run(self, command: str, *, stdin: bytes = b"", deadline: Deadline | None = None) -> Completed:
        """Run a shell command."""


def quoted(command: str) -> str:
    """The first line of a command, shortened, in backquotes."""
    first = next(iter(command.strip().splitlines()), "")
    return f"`{first if len(first) <= _SHOWN else f'{first[: _SHOWN - 1]}…'}`"


def still_running(partial: Completed) -> str:
    """What was seen of a command that was ended at its deadline."""
    said = partial.said()
    return f"a command still running that had said: {said[-1000:]}" if said else "a command still running, silent"
