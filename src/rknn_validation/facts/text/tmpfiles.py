"""Lines of tmpfiles.d(5): type, path, mode, user, group, age, argument."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import lru_cache

TYPES = frozenset("fwdDevqQpLcbCxXrRzZtThHaA")
_NEEDS_ARGUMENT = frozenset("wtThHaAcb")
_TAKES_PLUS = frozenset("fwpLcbCaA")
_AGE = re.compile(r"~?([abcmABCM]+:)?(\d+\s*(us|ms|s|m|min|h|d|w)?)*")


@dataclass(frozen=True)
class Line:
    """One readable line. Missing columns are "-". `type` is the letter, `flags` the characters after it."""

    type: str
    flags: str
    path: str
    mode: str
    user: str
    group: str
    age: str
    argument: str
    text: str

    @property
    def is_link(self) -> bool:
        """Whether this line makes a symbolic link."""
        return self.type == "L"

    @property
    def replaces(self) -> bool:
        """Whether something that is there already is replaced."""
        return "+" in self.flags


@dataclass(frozen=True)
class Unreadable:
    """A line systemd-tmpfiles ignores, and why."""

    text: str
    why: str

    def __str__(self) -> str:
        return f"{self.why}\n    {self.text}"


@lru_cache(maxsize=1024)
def parse(text: str) -> Line | Unreadable:
    """Read one line (not a comment, not empty). Many checks read the same ones."""
    try:
        words = shlex.split(text, comments=False, posix=True)
    except ValueError as error:
        return Unreadable(text, f"quotes do not match: {error}")
    if len(words) < 2:
        return Unreadable(text, "needs a type and a path")
    kind, path = words[0], words[1]
    mode, user, group, age = [*words[2:6], *["-"] * 4][:4]
    # The argument is the rest of the line, spaces and all.
    rest = text.split(None, 6)
    argument = rest[6].strip() if len(rest) > 6 else "-"
    line = Line(kind[:1], kind[1:], path, mode, user, group, age, argument.strip("\"'"), text)
    why = _why_not(line)
    return Unreadable(text, why) if why else line


def _why_not(line: Line) -> str | None:
    if line.type not in TYPES:
        return f'"{line.type}{line.flags}" is not a type'
    if not re.fullmatch(r"[+!=~^$?-]*", line.flags):
        return f'"{line.type}{line.flags}" is not a type'
    if line.replaces and line.type not in _TAKES_PLUS:
        return f"type {line.type} takes no +"
    if not line.path.startswith(("/", "%")):
        return f"the path is not absolute: {line.path}"
    if line.mode != "-" and not re.fullmatch(r"[:~]{0,2}[0-7]{3,5}", line.mode):
        return f"the mode is not an octal number: {line.mode} (column 3)"
    if line.age != "-" and not _AGE.fullmatch(line.age):
        return f"the age is not a time span: {line.age} (column 6)"
    if line.argument == "-" and line.type in _NEEDS_ARGUMENT:
        return f"type {line.type} needs an argument (column 7)"
    return None
