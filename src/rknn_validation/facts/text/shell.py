"""The little of shell that evaluation can read for certain: expansion of one value, and commands that make links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PARAMETER = re.compile(r"\$\{(\w+)(?:(:?[-+=?])([^{}]*))?\}|\$(\w+)")


def expand(value: str, known: dict[str, str]) -> str:
    """The value as a shell sees it where only `known` variables are set; other variables stay as written.

    A variable in `known` with an empty value counts as unset.
    """

    def replaced(match: re.Match[str]) -> str:
        name = match[1] or match[4]
        if name not in known:
            return match[0]
        current, operator, word = known[name], match[2] or "", match[3] or ""
        if operator.endswith("+"):
            return expand(word, known) if current else ""
        if operator.endswith(("-", "=")):
            return current or expand(word, known)
        return current

    return _PARAMETER.sub(replaced, value)


def elements(value: str, known: dict[str, str]) -> list[str]:
    """The elements of a search path once expanded; none where the whole of it is empty."""
    expanded = expand(value.strip("\n"), known)
    return expanded.split(":") if expanded else []


@dataclass(frozen=True)
class LinkCommand:
    """One `ln`: flags without dashes, target and path as written; `line` is the whole line."""

    flags: str
    target: str
    path: str
    line: str


_LN = re.compile(
    r"(?:^|[\s;&|(/])ln\s+(?P<flags>(?:-[\w-]+\s+)*)(?P<target>\"[^\"]+\"|'[^']+'|[^\s;&|]+)\s+(?:-[\w-]+\s+)*"
    r"(?P<path>\"[^\"]+\"|'[^']+'|[^\s;&|]+)"
)


def links(script: str) -> Iterator[LinkCommand]:
    """Every symbolic or hard link the script makes."""
    for line in joined(script).splitlines():
        if line.lstrip().startswith("#"):
            continue
        for found in _LN.finditer(line):
            flags = "".join(_short(flag) for flag in found["flags"].split())
            path = found["path"].strip("\"'")
            target = found["target"].strip("\"'")
            if path.endswith("/"):
                path += target.rsplit("/", 1)[-1]
            yield LinkCommand(flags, target, path, line.strip())


def _short(flag: str) -> str:
    long = {"--symbolic": "s", "--force": "f", "--no-dereference": "n", "--no-target-directory": "T", "--relative": "r"}
    return long.get(flag, flag.lstrip("-"))


def joined(script: str) -> str:
    """The script with continued lines joined."""
    return re.sub(r"\\\n\s*", " ", script)


def exports(script: str, variable: str) -> Iterator[tuple[str, str]]:
    """(value, line) of every assignment to the variable."""
    for line in joined(script).splitlines():
        if line.lstrip().startswith("#"):
            continue
        found = re.search(rf"(?:^|[\s;])(?:export\s+)?{variable}=(\"[^\"]*\"|'[^']*'|[^\s;]*)", line)
        if found:
            yield found[1].strip("\"'"), line.strip()
