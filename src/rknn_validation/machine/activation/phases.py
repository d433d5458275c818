"""Reads where a package's build phases put a library, without building it."""

from __future__ import annotations

import fnmatch
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

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
    for words in _commands("\n".join(phases[name] for name in ORDER if name in phases)):
        match posixpath.basename(words[0]):
            case "install" | "cp" | "mv" | "ln" as program:
                for place in _copied(program, words[1:], library):
                    found[place.path] = place
            case "rm":
                for word in words[1:]:
                    found.pop(in_output(word) or "", None)
            case "chmod" if len(words) > 2:
                for word in words[2:]:
                    path = in_output(word)
                    if path in found:
                        found[path] = Placed(path, "x" in words[1] or _octal_x(words[1]), found[path].target)
    return tuple(found.values())


def _commands(text: str) -> Iterator[list[str]]:
    text = re.sub(r"\\\n", " ", text)
    for line in re.split(r"\n|;|&&|\|\|", text):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            words = line.split()
        while words and words[0] in ("then", "do", "else", "{", "(", "runHook", "if"):
            words = words[1:]
        if len(words) > 1:
            yield words


def in_output(word: str) -> str | None:
    """The path below the output; None for a path elsewhere."""
    match = re.match(r"\$\{?(out|lib|!outputLib)\}?(?:/+(.*))?$|/nix/store/[^/]+(?:/+(.*))?$", word)
    if not match:
        return None
    return posixpath.normpath(match[2] or match[3] or ".").removeprefix("./")


def _copied(program: str, words: Sequence[str], library: str) -> Iterator[Placed]:
    operands, directory, mode, recursive, makes_directories = _options(program, words)
    if program == "install" and makes_directories:
        return
    if directory is None and len(operands) < 2:
        return
    sources, destination = (operands, directory) if directory is not None else (operands[:-1], operands[-1])
    base = in_output(destination)
    if base is None:
        return
    # `install` gives 0755 unless told otherwise; the store keeps of a mode only whether it is executable.
    executable = _octal_x(mode) if mode else program == "install"
    named = posixpath.basename(base) == library or posixpath.basename(base).startswith(f"{library}.")
    if named and directory is None:
        yield Placed(base, executable, _link_target(program, sources))
        return
    for source in sources:
        name = posixpath.basename(source.rstrip("/"))
        if fnmatch.fnmatchcase(library, name) and name != "*":
            yield Placed(posixpath.join(base, library).removeprefix("./"), executable, _link_target(program, [source]))
        elif (recursive or program == "mv") and program != "install" and (name in ("*", ".", "lib") or base == "lib"):
            below = "lib" if base == "." else base
            assumed = f"{program} of {source!r} is taken to bring {library}"
            yield Placed(posixpath.join(below, library).removeprefix("./"), False, None, assumed)


def _options(program: str, words: Sequence[str]) -> tuple[list[str], str | None, str, bool, bool]:
    operands: list[str] = []
    directory: str | None = None
    mode, recursive, makes_directories = "", False, False
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            key, _, value = word.partition("=")
            if key in ("--target-directory", "--mode") and not value:
                value = next(rest, "")
            directory = value if key == "--target-directory" else directory
            mode = value if key == "--mode" else mode
            recursive = recursive or key in ("--recursive", "--archive")
        elif word.startswith("-") and len(word) > 1:
            flags = word[1:]
            takes = re.search(r"[tm]" if program == "install" else r"t", flags)
            before = flags[: takes.start()] if takes else flags
            recursive = recursive or bool(set(before) & set("rRa"))
            makes_directories = makes_directories or (program == "install" and "d" in before)
            if takes:
                value = flags[takes.end() :] or next(rest, "")
                if takes[0] == "t":
                    directory = value
                else:
                    mode = value
        else:
            operands.append(word)
    return operands, directory, mode, recursive, makes_directories


def _octal_x(mode: str) -> bool:
    return bool(re.fullmatch(r"[0-7]{3,4}", mode)) and bool(int(mode, 8) & 0o100)


def _link_target(program: str, sources: Sequence[str]) -> str | None:
    return sources[0] if program == "ln" and sources else None
