"""Nix's error text -> EvaluationError: whose fault it is, the message, and where."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from rknn_validation.nix.configuration import EvaluationError
from rknn_validation.nix.namespaces import mistaken, split
from rknn_validation.subject import Subject

ANSI = re.compile(r"\x1b\[[0-9;]*m")
POSITION = re.compile(r"at (/[^\s:]+:\d+:\d+)")
UNKNOWN = "stand-in does not carry"
"""Words with which the stand-in says that the real nixpkgs has to answer."""
UNDECLARED = re.compile(r"The option [`'](?P<path>[^\n]+?)' does not exist\.")
NO_SUCH_FILE = re.compile(r"'[^']*/standin/nixos/[^']*': No such file")
OFFLINE = re.compile(r"unable to download '[^']*': (?:Could ?n[o']t resolve|Couldn't connect|Failed to connect)")
FOLDERS = 500
"""Folders looked through for the words of an error."""
NOT_IN_NIXPKGS = re.compile(r"rknn|rknpu|rkllm|rk3588", re.IGNORECASE)
"""No top-level attribute of nixpkgs matches this: a missing one is the subject's own."""


def explain(message: str, subject: Subject, *, standin: bool) -> EvaluationError:
    """The error of one failed evaluation. `message` is all that Nix wrote on standard error."""
    text = ANSI.sub("", message)
    text = "\n".join(line for line in text.splitlines() if not line.startswith("warning:")).strip()
    errors = [part.strip() for part in re.split(r"(?m)^\s*error:", text) if part.strip()]
    head = errors[-1] if errors else text
    positions = POSITION.findall(text)
    short = head.split("\n\n       …", 1)[0].strip()
    inside = (one for one in positions if one.startswith(f"{subject.root}/"))
    position = next(inside, "") or _written(short, subject) or (positions[0] if positions else "")
    if "out of memory" in text or "GC Warning" in text or "std::bad_alloc" in text:
        return EvaluationError("deadline", "the evaluation ran out of its memory: it does not end", position)
    if OFFLINE.search(text):
        # builtins.fetchurl and its kin download while evaluating: without a network nothing is known.
        return EvaluationError("unknown", short, position)
    kind = "unknown" if standin and _standin_cannot_tell(short, text, subject) else "subject"
    return EvaluationError(kind, short, position)


def _written(message: str, subject: Subject) -> str:
    """Where a definition Nix quotes, or the text it was made to throw, stands in the subject."""
    quoted = re.search(rf"In `({re.escape(str(subject.root))}/[^']+)'", message)
    if quoted:
        return f"{quoted[1]}:1:1"
    line = message.splitlines()[0].strip() if message.strip() else ""
    # A machine without the subject's module still has its overlays and imports.
    given = [path for path in (subject.module, *subject.overlays, *subject.imports) if path.exists()]
    folders = {path if path.is_dir() else path.parent for path in given}
    for path in _nix_files(folders) if len(line) > 5 else ():
        for number, text in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if line in text:
                return f"{path}:{number}:{text.index(line) + 1}"
    return ""


def _nix_files(folders: Iterable[Path]) -> list[Path]:
    """The Nix files below the folders, as far as they can be read; of an endless tree only the first."""
    walked = islice((each for folder in folders for each in os.walk(folder)), FOLDERS)
    found = (Path(place, name) for place, _, names in walked for name in names if name.endswith(".nix"))
    return sorted({path for path in found if path.is_file()})


def _standin_cannot_tell(short: str, text: str, subject: Subject) -> bool:
    if UNKNOWN in text or NO_SUCH_FILE.search(text):
        return True
    undeclared = UNDECLARED.search(short)
    if undeclared:
        return not mistaken(split(undeclared["path"]), subject.option, short)
    missing = re.search(r"attribute '([^']+)' missing|undefined variable '([^']+)'", short)
    if missing is None:
        return False
    name = missing.group(1) or missing.group(2)
    line = re.search(rf"^\s*\d+\|(.*\b(?:pkgs|final|prev|super|self)\.{re.escape(name)}\b.*)$", text, re.MULTILINE)
    if line is not None:
        return not NOT_IN_NIXPKGS.search(name)
    return _reads_what_is_not_carried(name, text, subject)


def _reads_what_is_not_carried(name: str, text: str, subject: Subject) -> bool:
    """Whether `config.<...>.name` was read where only the stand-in lacks it."""
    for read in re.findall(r"^\s*\d+\|.*?\b(?:config|options)\.([\w.\"-]+)", text, re.MULTILINE):
        parts = split(read)
        if name in parts:
            path = parts[: parts.index(name) + 1]
            return not NOT_IN_NIXPKGS.search(name) and not mistaken(path, subject.option)
    return False
