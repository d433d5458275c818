"""A fake testinfra Host: answers commands from a table, and checks that each command is valid shell."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

Reply = str | tuple[int, str] | tuple[int, str, str]
"""Standard output; or exit status and output; or exit status, output and errors."""


@dataclass(frozen=True)
class Result:
    """What testinfra gives for a command."""

    command: str
    rc: int
    stdout: str
    stderr: str


@dataclass
class FakeHost:
    """Replies by the first pattern that matches the command; any other command does not exist on the node."""

    replies: Mapping[str, Reply]
    asked: list[str] = field(default_factory=list)

    def run(self, command: str, *args: str) -> Result:
        """Like testinfra's: `%s` are filled with quoted arguments, if there are any."""
        text = command % tuple(map(shlex.quote, args)) if args else command
        self.asked.append(text)
        understood = subprocess.run(["sh", "-n", "-c", text], capture_output=True, text=True, check=False)
        assert understood.returncode == 0, f"{text}\n{understood.stderr}"
        reply = next((reply for pattern, reply in self.replies.items() if re.search(pattern, text)), None)
        if reply is None:
            return Result(text, 127, "", "command not found")
        if isinstance(reply, str):
            return Result(text, 0, reply, "")
        return Result(text, reply[0], reply[1], reply[2] if len(reply) == 3 else "")


class LocalHost:
    """Runs harmless commands on this machine."""

    def run(self, command: str, *args: str) -> Result:
        """Like testinfra's."""
        text = command % tuple(map(shlex.quote, args)) if args else command
        done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=False, timeout=60)
        return Result(text, done.returncode, done.stdout, done.stderr)
