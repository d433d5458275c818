"""shellcheck: whether scripts are shell that runs at all. It is started once for many, and never twice for the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rknn_validation.common.errors import HarnessError
from rknn_validation.facts.recipes.commands import syntax_error

SECONDS = 120.0
_BREAKS = frozenset({2168, 2218})
"""Errors beyond those of parsing that end a script: `local` outside a function, a function called before it is made."""
_NOT_BREAKING = frozenset({1008, 1071})
"""Errors of parsing that only say shellcheck does not know the interpreter."""

_CANNOT_READ = frozenset({1036, 1056, 1072, 1073, 1088, 1089})
"""Errors of parsing on which bash has the last word."""


@dataclass(frozen=True)
class Judgement:
    """What breaks a script: messages of shellcheck with their lines; none where nothing does."""

    problems: tuple[str, ...]


_KNOWN: dict[str, Judgement] = {}


def judge(scripts: Iterable[str]) -> dict[str, Judgement]:
    """The judgement of each script; empty where there is no shellcheck. Raises HarnessError when it does not answer."""
    wanted = tuple(dict.fromkeys(scripts))
    new = [text for text in wanted if text not in _KNOWN]
    program = shutil.which("shellcheck")
    if new and program is None:
        return {text: _KNOWN[text] for text in wanted if text in _KNOWN}
    if new and program is not None:
        _KNOWN.update(zip(new, _ask(program, new), strict=True))
    return {text: _KNOWN[text] for text in wanted}


def _ask(program: str, scripts: list[str]) -> list[Judgement]:
    with tempfile.TemporaryDirectory(prefix="rknn-scripts-") as folder:
        files = [Path(folder) / f"{number}.sh" for number in range(len(scripts))]
        for file, text in zip(files, scripts, strict=True):
            # What NixOS makes an executable of has no first line yet, and gets bash.
            head = "" if text.startswith("#!") else "#!/usr/bin/env bash\n"
            file.write_text(head + text, encoding="utf-8", errors="replace", newline="")
        command = [program, "--norc", "--severity=error", "--format=json1", *(file.name for file in files)]
        environment = {name: value for name, value in os.environ.items() if name != "SHELLCHECK_OPTS"}
        environment["LC_ALL"] = "C.UTF-8"
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
            )
            comments = json.loads(done.stdout)["comments"]
        except (subprocess.TimeoutExpired, ValueError, KeyError) as error:
            raise HarnessError(
                "shellcheck did not answer", expected="its findings as JSON", seen=f"{type(error).__name__}: {error}"
            ) from error
    found: dict[str, list[str]] = {file.name: [] for file in files}
    for one in comments:
        if one["code"] in _CANNOT_READ and syntax_error(scripts[int(one["file"].removesuffix(".sh"))]) is None:
            # Newer syntax of bash than shellcheck knows.
            continue
        line = one["line"] - (0 if scripts[int(one["file"].removesuffix(".sh"))].startswith("#!") else 1)
        if (one["code"] < 2000 and one["code"] not in _NOT_BREAKING) or one["code"] in _BREAKS:
            found[one["file"]].append(f"line {line}: {one['message']} (SC{one['code']})")
    return [Judgement(tuple(found[file.name])) for file in files]
