"""The text of Nix files: where code ends and comments and strings begin, and which files belong to a subject.

Evaluation shows what a module comes to; only its text shows what it asks of the machine that evaluates it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from rknn_validation.subject import Subject


@dataclass(frozen=True)
class NixFile:
    """A file of the subject. `code` is `text` with comments and string contents blanked, offsets kept."""

    path: Path
    text: str
    code: str

    def line_of(self, offset: int) -> int:
        """The line, from 1, of an offset into `text`."""
        return self.text.count("\n", 0, offset) + 1

    def find(self, pattern: str, *, in_strings: bool = False) -> Iterator[tuple[str, str]]:
        """(`file:line`, the line) of every place where the pattern occurs, outside comments and strings."""
        key = pattern, in_strings
        if key not in self._found:
            matches = re.finditer(pattern, self.text if in_strings else self.code)
            self._found[key] = tuple(self._place(match.start()) for match in matches)
        return iter(self._found[key])

    @cached_property
    def _found(self) -> dict[tuple[str, bool], tuple[tuple[str, str], ...]]:
        """What was looked for: subjects share files, and every scenario asks the same."""
        return {}

    def _place(self, offset: int) -> tuple[str, str]:
        number = self.line_of(offset)
        return f"{self.path.name}:{number}", self.text.splitlines()[number - 1].strip()


def subject_files(subject: Subject) -> tuple[NixFile, ...]:
    """The subject's module and imports, and the Nix files they name by relative path, each once."""
    # Several checks ask in turn about the same subject; one that is loaded again is looked at again.
    for known, files in _LAST:
        if known is subject:
            return files
    # The one before stays: a check may ask about a part of the subject in between.
    _LAST[:] = [*_LAST[-1:], (subject, files_from(subject.files))]
    return _LAST[-1][1]


_LAST: list[tuple[Subject, tuple[NixFile, ...]]] = []


def files_from(roots: tuple[Path, ...]) -> tuple[NixFile, ...]:
    """These Nix files and those they name by relative path, each once."""
    found: dict[Path, NixFile] = {}
    waiting = list(roots)
    while waiting:
        path = waiting.pop(0)
        path = (path / "default.nix" if path.is_dir() else path).resolve()
        if path in found or path.suffix != ".nix" or not path.is_file():
            continue
        found[path] = _read(path, path.stat().st_mtime_ns)
        waiting += [path.parent / name for name in re.findall(r"(?<![\w.$}/])(\.{1,2}/[\w./+-]*)", found[path].code)]
    return tuple(found.values())


@lru_cache(maxsize=1024)
def _read(path: Path, _changed: int) -> NixFile:
    text = path.read_text(errors="replace")
    return NixFile(path, text, blank(text))


def blank(text: str) -> str:
    """The text with comments and the contents of strings turned into spaces; interpolations stay code."""
    out = list(text)
    _code(text, 0, out, closing=False)
    return "".join(out)


def _code(text: str, at: int, out: list[str], *, closing: bool) -> int:
    depth = 0
    while at < len(text):
        if text[at] == "#":
            at = _wipe(out, at, _end(text, "\n", at))
        elif text.startswith("/*", at):
            at = _wipe(out, at, _end(text, "*/", at) + 2)
        elif text.startswith("''", at):
            at = _string(text, at + 2, out, "''")
        elif text[at] == '"':
            at = _string(text, at + 1, out, '"')
        elif text[at] in "{}":
            depth += 1 if text[at] == "{" else -1
            at += 1
            if closing and depth < 0:
                return at
        else:
            at = _next(_IN_CODE, text, at + 1)
    return at


def _string(text: str, at: int, out: list[str], quote: str) -> int:
    while at < len(text):
        if quote == '"' and text[at] == "\\":
            at = _wipe(out, at, at + 2)
        elif quote == "''" and (text.startswith("'''", at) or text.startswith("''$", at)):
            at = _wipe(out, at, at + 3)
        elif quote == "''" and text.startswith("''\\", at):
            at = _wipe(out, at, at + 4)
        elif text.startswith(quote, at):
            return at + len(quote)
        elif text.startswith("$${", at):
            at = _wipe(out, at, at + 3)
        elif text.startswith("${", at):
            at = _code(text, at + 2, out, closing=True)
        else:
            at = _wipe(out, at, _next(_IN_STRING, text, at + 1))
    return at


_IN_CODE = re.compile(r"[#/'\"{}]")
_IN_STRING = re.compile(r"['\"\\$]")


def _next(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.search(text, at)
    return found.start() if found else len(text)


def _end(text: str, mark: str, at: int) -> int:
    found = text.find(mark, at)
    return len(text) if found < 0 else found


def _wipe(out: list[str], start: int, end: int) -> int:
    for index in range(start, min(end, len(out))):
        if out[index] != "\n":
            out[index] = " "
    return min(end, len(out))
