"""The shell scripts a subject runs or writes for the NPU, and what shellcheck and bash report about them."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rknn_validation.common.errors import HarnessError
from rknn_validation.facts.contribution import contribution, is_npu_module
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.syntax import Apply, Attributes, Node, Text, function_name
from rknn_validation.facts.npurelated import npu_units
from rknn_validation.facts.recipes.nixfiles import NixFile, nix_files
from rknn_validation.facts.recipes.recipes import rendered
from rknn_validation.npu.about import about_npu


@functools.lru_cache(maxsize=1024)
def syntax_error(script: str, seconds: float = 10) -> str | None:
    """What bash says about a script it cannot parse; None where it parses, or where there is no bash."""
    bash = shutil.which("bash")
    if bash is None:
        return None
    command = [bash, "--norc", "-n"]
    done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=seconds, check=False)
    return None if done.returncode == 0 else done.stderr.replace(bash, "bash").strip()


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


_SHEBANG = re.compile(r"#!\s*\S*(?:@[^@]*@)?\S*\b(?:ba|da)?sh\b")
_WRITERS = ("writeShellScript", "writeShellScriptBin", "writeScript", "writeScriptBin")
_UNKNOWN_LINE = re.compile(r"^\s*@[\w.…-]+@\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Script:
    """A script and where it is written. `judgement` is None without shellcheck."""

    where: str
    text: str
    judgement: Judgement | None

    @property
    def has_unknown_lines(self) -> bool:
        """Whether whole lines of it are known after evaluation only."""
        return bool(_UNKNOWN_LINE.search(self.text))


@derived
def checked_scripts(facts: Facts) -> tuple[Script, ...]:
    """The scripts of units, of activation, of shells at login, and those written as text; each judged, all at once."""
    found = [(where, text) for where, text in _scripts(facts) if text.strip()]
    judged = judge(text for _, text in found)
    return tuple(Script(where, text, judged.get(text)) for where, text in found)


def _scripts(facts: Facts) -> Iterator[tuple[str, str]]:
    ours = contribution(facts)
    for name, unit in npu_units(facts).items():
        for kind, text in {"script": unit.script, "preStop": unit.stop_script, **unit.scripts}.items():
            yield f"{name} {kind}", text
    for where, text in (*ours.root_scripts.items(), *ours.shell_init.items()):
        if is_npu_module(facts) or about_npu(text):
            yield where, text
    for tree in nix_files(facts):
        if tree.about_npu:
            yield from _written(tree)


def _written(tree: NixFile) -> Iterator[tuple[str, str]]:
    for node in tree.tree.walk():
        if isinstance(node, Apply):
            script = _script_of(node)
            if isinstance(script, Text) and _is_shell(node, text := rendered(tree, script)):
                yield tree.at(script), text


def _script_of(node: Apply) -> Node | None:
    """The text given to `writeShellScript name text` and its kin."""
    if function_name(node) == "writeShellApplication" and isinstance(node.argument, Attributes):
        return node.argument.get("text")
    inner = node.function
    name = function_name(inner) if isinstance(inner, Apply) else None
    return node.argument if name in _WRITERS else None


def _is_shell(node: Apply, text: str) -> bool:
    inner = node.function
    name = function_name(inner) if isinstance(inner, Apply) else function_name(node)
    return bool(name and "Shell" in name) or bool(_SHEBANG.match(text.split("\n", 1)[0]))
