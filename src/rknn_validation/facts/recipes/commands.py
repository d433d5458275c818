"""Build scripts as far as they can be read without running them: simple commands, one after the other."""

from __future__ import annotations

import functools
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_PREFIXES = frozenset({"local", "export", "declare", "readonly", "then", "do", "else", "!"})
_OPENS = frozenset({"if", "for", "while", "until", "case", "select", "(", "{"})
_CLOSES = frozenset({"fi", "done", "esac", ")", "}"})


@dataclass(frozen=True)
class Command:
    """A simple command after expansion of the variables that are known. `line` counts from 1.

    `certain` is False inside loops, conditions, functions and pipelines, and where a failure is expected (`||`).
    """

    words: tuple[str, ...]
    line: int
    certain: bool


@dataclass(frozen=True)
class _Statement:
    line: int
    text: str
    tolerated: bool


def commands(script: str, known: Mapping[str, str]) -> Iterator[Command]:
    """The commands of a script. `known` maps variables to values; assignments in the script are followed.

    Variables nobody knows expand to `@name@`, command substitutions to `@…@`.
    """
    variables = dict(known)
    depth = 0
    for statement in _statements(script):
        try:
            words = shlex.split(_expand(statement.text, variables), posix=True)
        except ValueError:
            yield Command(("@…@",), statement.line, False)
            continue
        words = [word for one in _without_redirections(words) for word in _braces(one)]
        depth += bool(words) and (words[0] in _OPENS or words[0].endswith("()"))
        closes = bool(words) and (words[0] in _CLOSES)
        while words and words[0] in _PREFIXES:
            words = words[1:]
        if words:
            assignment = _ASSIGNMENT.fullmatch(words[0])
            if assignment and len(words) == 1:
                variables[assignment[1]] = assignment[2] if depth == 0 else f"@{assignment[1]}@"
            else:
                yield Command(tuple(words), statement.line, not depth and not statement.tolerated and "|" not in words)
        depth = max(0, depth - closes)


def _statements(script: str) -> Iterator[_Statement]:
    """Split at newlines, `;`, `&&` and `||` outside quotes and substitutions; comments and here-documents dropped."""
    script = _HERE_DOCUMENT.sub(lambda found: found[1] + "\n" * found[4].count("\n"), script)
    start, line, piece, quote, nested, at = 1, 1, "", "", 0, 0
    tolerated = False
    while at < len(script):
        letter, two = script[at], script[at : at + 2]
        step = letter
        if letter == "\\" and quote != "'":
            step = two
            piece += "" if two == "\\\n" else two
        elif quote:
            quote = "" if letter == quote else quote
            piece += letter
        elif letter in "'\"":
            quote = letter
            piece += letter
        elif two == "$(" or (nested and letter in "()"):
            step = two if two == "$(" else letter
            nested += -1 if letter == ")" else 1
            piece += step
        elif letter == "#" and not nested and (not piece or piece[-1] in " \t"):
            end = script.find("\n", at)
            step = script[at : len(script) if end < 0 else end]
        elif not nested and (letter in "\n;" or two in ("&&", "||")):
            step = two if two in ("&&", "||") else letter
            if piece.strip():
                yield _Statement(start, piece.strip(), tolerated or step == "||")
                tolerated = False
            tolerated = tolerated or step == "||"
            piece = ""
        else:
            if not piece.strip() and not letter.isspace():
                start = line
            piece += letter
        at += len(step)
        line += step.count("\n")
    if piece.strip():
        yield _Statement(start, piece.strip(), tolerated)


# The rest of the line that opens one, and the text up to its closing word.
_HERE_DOCUMENT = re.compile(r"(<<-?\s*([\"']?)(\w+)\2[^\n]*)(\n.*?^\s*\3[ \t]*$)", re.DOTALL | re.MULTILINE)
_DOLLAR = re.compile(r"'[^']*'|\$\((?:[^()]|\([^()]*\))*\)|`[^`]*`|\$\{([^{}]*)\}|\$(\w+)")


def _expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace variables and command substitutions outside single quotes."""

    def replace(found: re.Match[str]) -> str:
        whole = found.group()
        if whole.startswith("'"):
            return whole
        if "stripHash" in whole:
            return "@stripped@"
        name = found[1] or found[2]
        return variables.get(name, f"@{name}@") if name else "@…@"

    return _DOLLAR.sub(replace, text)


def _without_redirections(words: list[str]) -> Iterator[str]:
    skip = False
    for word in words:
        found = re.fullmatch(r"(?:\d*|&)(?:>>?|<)(&\d)?(.*)", word)
        if not skip and not found:
            yield word
        skip = bool(found and not found[1] and not found[2])


def _braces(word: str) -> list[str]:
    found = re.fullmatch(r"([^{}]*)\{([^{}]*,[^{}]*)\}([^{}]*)", word)
    return [found[1] + middle + found[3] for middle in found[2].split(",")] if found else [word]


@functools.lru_cache(maxsize=1024)
def syntax_error(script: str, seconds: float = 10) -> str | None:
    """What bash says about a script it cannot parse; None where it parses, or where there is no bash."""
    bash = shutil.which("bash")
    if bash is None:
        return None
    command = [bash, "--norc", "-n"]
    done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=seconds, check=False)
    return None if done.returncode == 0 else done.stderr.replace(bash, "bash").strip()
