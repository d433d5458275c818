"""What a package's installPhase installs, worked out without running it."""

from __future__ import annotations

import functools
import posixpath
import re
from dataclasses import dataclass, field

from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.fetches import Fetch
from rknn_validation.facts.recipes.recipes import COMPUTED, Recipe
from rknn_validation.facts.text.shell import Command, commands

OUTPUTS = ("out", "lib", "dev", "bin", "doc", "man")
STORE_FILE = "@src@"
"""Stands for the source where it is a single file: its name in the store begins with a hash."""

_HARMLESS = frozenset(
    {"runHook", "echo", ":", "true", "set", "chmod", "patchelf", "strip", "touch", "sed", "substituteInPlace", "printf"}
    | {"ls", "shopt", "addAutoPatchelfSearchPath", "test", "[", "[[", "return", "exit", "wrapProgram", "rm", "file"}
)


@dataclass(frozen=True)
class InstallProblem:
    """Something that certainly goes wrong: the line of the script, the command, why."""

    line: int
    command: str
    why: str


@dataclass
class Installed:
    """`files` maps paths below an output (`$out/lib/x`) to where they were copied from.

    `complete` is False when something was not understood, so that there may be more; `links` maps symlinks to targets.
    """

    files: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    problems: list[InstallProblem] = field(default_factory=list)
    sources: list[tuple[int, str]] = field(default_factory=list)
    complete: bool = True


def follow_install(script: str, source_is_file: bool) -> Installed:
    """Follow a script that starts with no output at all. `source_is_file`: `$src` is one file, not a tree."""
    return _Follower(source_is_file).follow(script)


class _Follower:
    def __init__(self, source_is_file: bool) -> None:
        self.result = Installed()
        self.source_is_file = source_is_file
        self.cwd = ""
        # Places that were copied whole: which folders they brought is not known.
        self.trees: set[str] = set()

    def follow(self, script: str) -> Installed:
        known = {name: f"${name}" for name in OUTPUTS} | {"src": STORE_FILE, "prefix": "$out", "PWD": "."}
        for command in commands(script, known):
            self._run(command)
        return self.result

    def _run(self, command: Command) -> None:
        name = posixpath.basename(command.words[0])
        actions = {"mkdir": self._mkdir, "cp": self._copy, "install": self._install, "ln": self._link, "mv": self._copy}
        if not command.certain:
            self.result.complete = False
            if name == "mkdir":
                self._mkdir(command)
        elif name in ("cd", "pushd"):
            self.cwd = posixpath.join(self.cwd, command.words[1] if len(command.words) > 1 else "@home@")
        elif name == "popd":
            self.cwd = "@somewhere@"
        elif name in actions:
            actions[name](command)
        elif name not in _HARMLESS:
            self.result.complete = False

    def _problem(self, command: Command, why: str) -> None:
        self.result.problems.append(InstallProblem(command.line, " ".join(command.words), why))

    def _path(self, word: str) -> str:
        path = word if word.startswith(("$", "/", "@")) else posixpath.join(self.cwd, word)
        return posixpath.normpath(path) + ("/" if word.endswith(("/", "/.")) else "")

    def _exists(self, folder: str) -> bool:
        folder = folder.rstrip("/")
        ours = any(folder == f"${name}" or folder.startswith(f"${name}/") for name in OUTPUTS)
        brought = any(f"{folder}/".startswith(f"{tree}/") for tree in self.trees)
        return not ours or "@" in folder or brought or folder in self.result.folders

    def _add_folder(self, folder: str) -> None:
        folder = folder.rstrip("/")
        while folder and folder not in self.result.folders:
            self.result.folders.add(folder)
            folder = posixpath.dirname(folder)

    def _mkdir(self, command: Command) -> None:
        flags, folders, _ = command_options(command.words[1:], with_value="m")
        for folder in map(self._path, folders):
            parent = posixpath.dirname(folder.rstrip("/"))
            orphan = folder.rstrip("/") not in _OUTPUT_PATHS and not self._exists(parent)
            if command.certain and not ({"p", "parents"} & flags) and orphan:
                self._problem(command, f"{parent} does not exist yet")
            self._add_folder(folder)

    def _copy(self, command: Command) -> None:
        flags, words, values = command_options(command.words[1:], with_value="t")
        self._put(
            command, words, values.get("t") or values.get("target-directory"), {"r", "R", "a", "recursive"} & flags
        )

    def _install(self, command: Command) -> None:
        flags, words, values = command_options(command.words[1:], with_value="mtog")
        target = values.get("t") or values.get("target-directory")
        if {"d", "directory"} & flags:
            for folder in words:
                self._add_folder(self._path(folder))
            return
        if "D" in flags:
            if target:
                self._add_folder(self._path(target))
            elif words:
                last = self._path(words[-1])
                self._add_folder(last if last.endswith("/") else posixpath.dirname(last))
        self._put(command, words, target, set())

    def _put(self, command: Command, words: list[str], target: str | None, recursive: set[str]) -> None:
        sources = words if target else words[:-1]
        if not sources or not (target or words):
            self.result.complete = False
            return
        last = self._path(target or words[-1])
        for source in sources:
            self.result.sources.append((command.line, self._path(source)))
        into = bool(target) or last.endswith("/") or len(sources) > 1 or self._known_folder(last)
        if into and not self._exists(last):
            self._problem(command, f"{last.rstrip('/')} does not exist yet (mkdir -p it first)")
        elif not into and not self._exists(posixpath.dirname(last)):
            self._problem(command, f"{posixpath.dirname(last)} does not exist yet (mkdir -p it first)")
        for source in sources:
            if any(mark in source for mark in "*?") or recursive or (not into and "@" in last):
                self.result.complete = False
            place = posixpath.join(last, self._name_of(source)) if into else last
            self.result.files[place.rstrip("/")] = self._path(source)
            if recursive:
                whole = posixpath.dirname(place) if any(mark in posixpath.basename(place) for mark in "*?") else place
                self.trees.add(posixpath.normpath(whole))

    def _known_folder(self, path: str) -> bool:
        return path.rstrip("/") in self.result.folders

    def _name_of(self, source: str) -> str:
        if source == STORE_FILE:
            return "<hash>-" if self.source_is_file else "@tree@"
        return posixpath.basename(source.rstrip("/"))

    def _link(self, command: Command) -> None:
        flags, words, _ = command_options(command.words[1:], with_value="t")
        if not ({"s", "symbolic"} & flags) or not words:
            self.result.complete = False
            return
        last = self._path(words[-1]) if len(words) > 1 else self._path(posixpath.basename(words[0]))
        if last.endswith("/") or self._known_folder(last):
            last = posixpath.join(last, posixpath.basename(words[0]))
        if not self._exists(posixpath.dirname(last)):
            self._problem(command, f"{posixpath.dirname(last)} does not exist yet (mkdir -p it first)")
        self.result.links[last] = words[0]


_OUTPUT_PATHS = frozenset(f"${name}" for name in OUTPUTS)


def command_options(words: tuple[str, ...], with_value: str) -> tuple[set[str], list[str], dict[str, str]]:
    """(flags, other words, options with a value) of a command line, short flags one by one."""
    flags: set[str] = set()
    others: list[str] = []
    values: dict[str, str] = {}
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word.startswith("--") and len(word) > 2:
            name, _, value = word[2:].partition("=")
            flags.add(name)
            values[name] = value
        elif word.startswith("-") and len(word) > 1:
            for index, letter in enumerate(word[1:], 1):
                flags.add(letter)
                if letter in with_value:
                    rest = word[index + 1 :]
                    values[letter] = rest or (waiting.pop(0) if waiting else "")
                    break
        else:
            others.append(word)
    return flags, others, values


_ARCHIVE = re.compile(r"\.(?:tar(?:\.\w+)?|tgz|tbz2?|txz|zip|gz|xz|bz2)$")


def missing_phase(recipe: Recipe, phase: str) -> bool:
    """Whether `phases` is given and leaves this one out."""
    phases = recipe.attrs.get("phases")
    if isinstance(phases, str):
        phases = tuple(phases.split())
    return isinstance(phases, tuple) and "?" not in phases and phase not in phases


def skips_phase(recipe: Recipe, phase: str) -> bool:
    """Whether a phase does nothing: switched off, left out of `phases`, or replaced by a no-op."""
    name = phase.removesuffix("Phase")
    own = (recipe.script(phase) or "").strip()
    return (
        recipe.flag(f"dont{name.capitalize()}")
        or missing_phase(recipe, phase)
        or own in ("true", ":", "true;", ":;")
        or "buildCommand" in recipe.attrs
    )


def source_file(recipe: Recipe) -> str | None:
    """The file name of a source that is a single file and no archive; None where it is a tree or not known."""
    source = recipe.source
    if isinstance(source, NixPath) and source.literal:
        path = recipe.tree.path.parent / source.literal
        return path.name if path.is_file() and not _ARCHIVE.search(path.name) else None
    if isinstance(source, Fetch):
        if source.fetcher == "fetchPypi" and source.attrs.get("format") == "wheel":
            return f"{source.attrs.get('pname', 'source')}.whl"
        if source.fetcher == "fetchurl" and source.urls and "${…}" not in source.urls[0].rsplit("/", 1)[-1]:
            name = source.attrs.get("name") or posixpath.basename(source.urls[0].split("?")[0])
            return None if _ARCHIVE.search(name) or "${…}" in name else name
    return None


def install_script(recipe: Recipe) -> str | None:
    """What runs to install, hooks included; None for what cannot be followed."""
    if "buildCommand" in recipe.attrs:
        return recipe.script("buildCommand")
    main = recipe.script("installPhase")
    if main is None:
        return None
    hooks = [recipe.attrs.get(name) for name in ("preInstall", "postInstall")]
    if COMPUTED in hooks:
        return None
    before = recipe.script("preInstall") if "runHook preInstall" in main else None
    after = recipe.script("postInstall") if "runHook postInstall" in main else None
    return "\n".join(part for part in (before, main, after) if part)


def install_result(recipe: Recipe) -> Installed | None:
    """What the install script leaves behind; None where it cannot be followed at all."""
    script = install_script(recipe)
    if script is None or recipe.is_python:
        return None
    return _followed(script, source_file(recipe) is not None)


@functools.lru_cache(maxsize=512)
def _followed(script: str, is_file: bool) -> Installed:
    return follow_install(script, is_file)
