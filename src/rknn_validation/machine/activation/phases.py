"""Reads where a package's build phases put a library, without building it."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rknn_validation.facts.recipes.installs import command_options
from rknn_validation.facts.text.shell import Command, commands

ORDER = (
    "buildCommand", "unpackPhase", "patchPhase", "configurePhase", "buildPhase", "preInstall", "installPhase",
    "postInstall", "preFixup", "fixupPhase", "postFixup",
)  # fmt: skip


@dataclass(frozen=True)
class Placed:
    """Where a library ends up below the package's output; `target` is set where it is a symbolic link.

    `assumed` says what had to be assumed to tell, "" where the phases say it plainly.
    """

    path: str
    executable: bool = False
    target: str | None = None
    assumed: str = ""


def placed(phases: Mapping[str, str], library: str) -> tuple[Placed, ...]:
    """Where the phases put `library`; empty where they do not."""
    found: dict[str, Placed] = {}
    script = "\n".join(phases[name] for name in ORDER if name in phases)
    for command in commands(script):
        words = command.arguments
        match command.program:
            case "install" | "cp" | "mv" | "ln":
                for place in _copied(command, library):
                    found[place.path] = place
            case "rm":
                for word in words:
                    found.pop(in_output(word) or "", None)
            case "chmod":
                for word in words[1:]:
                    path = in_output(word)
                    if path in found:
                        found[path] = replace(found[path], executable="x" in words[0] or _octal_x(words[0]))
    return tuple(found.values())


def in_output(word: str) -> str | None:
    """The path below the output; None for a path elsewhere."""
    match = re.match(r"\$\{?(out|lib|!outputLib)\}?(?:/+(.*))?$|/nix/store/[^/]+(?:/+(.*))?$", word)
    if not match:
        return None
    return posixpath.normpath(match[2] or match[3] or ".").removeprefix("./")


def _copied(command: Command, library: str) -> Iterator[Placed]:
    program, words = command.program, command.effective[1:]
    flags, operands, values = command_options(words, with_value="tm" if program == "install" else "t")
    if program == "install" and {"d", "directory"} & flags:
        return
    directory = values.get("t") or values.get("target-directory")
    if directory is None and len(operands) < 2:
        return
    sources, destination = (operands, directory) if directory is not None else (operands[:-1], operands[-1])
    base = in_output(destination)
    if base is None:
        return
    # `install` gives 0755 by default; the store keeps of a mode only whether it is executable.
    mode = values.get("m") or values.get("mode")
    executable = _octal_x(mode) if mode else program == "install"
    named = posixpath.basename(base) == library or posixpath.basename(base).startswith(f"{library}.")
    if named and directory is None:
        yield Placed(base, executable, _link_target(program, sources))
        return
    whole = program == "mv" or (program != "install" and bool({"r", "R", "a", "recursive", "archive"} & flags))
    for source in sources:
        name = posixpath.basename(source.rstrip("/"))
        if fnmatch.fnmatchcase(library, name) and name != "*":
            yield Placed(posixpath.join(base, library).removeprefix("./"), executable, _link_target(program, [source]))
        elif whole and (name in ("*", ".", "lib") or base == "lib"):
            below = "lib" if base == "." else base
            assumed = f"{program} of {source!r} is taken to bring {library}"
            yield Placed(posixpath.join(below, library).removeprefix("./"), False, None, assumed)


def _octal_x(mode: str) -> bool:
    return bool(re.fullmatch(r"[0-7]{3,4}", mode)) and bool(int(mode, 8) & 0o100)


def _link_target(program: str, sources: Sequence[str]) -> str | None:
    return sources[0] if program == "ln" and sources else None
