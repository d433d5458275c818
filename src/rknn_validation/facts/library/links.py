"""What is put at the paths that the Python API opens: links, copies and mounts, however they are made."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.contribution import contribution
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.configuration import Unit
from rknn_validation.facts.nix.syntax import Apply, Node, Text, function_name
from rknn_validation.facts.recipes.nixfiles import nix_files
from rknn_validation.facts.text import shell, tmpfiles
from rknn_validation.npu.stacks import PYTHON_RUNTIME_PATHS

FOLDERS = frozenset(posixpath.dirname(path) for path in PYTHON_RUNTIME_PATHS)
RULES = "systemd.tmpfiles.rules"
_MODE = re.compile(r"(?:--mode=|-\w*m)(0?[0-7]{3})?$")


@dataclass(frozen=True)
class Provider:
    """Something that puts a file where the Python API looks: `target` is "" where it cannot be read.

    `replaces` tells whether what is there already gives way, `makes_folder` whether the folder is made first. `unit` is
    the one that sees it, "" where the whole machine does; `mode` is a copy's, "" where it is the source's.
    """

    where: str
    path: str
    target: str
    replaces: bool
    makes_folder: bool
    text: str
    unit: str = ""
    mode: str = ""

    @property
    def is_opened(self) -> bool:
        """Whether it is one of the paths the API opens, or their folder as a whole."""
        return self.path in FOLDERS or self.path in PYTHON_RUNTIME_PATHS

    @property
    def names_no_target(self) -> bool:
        """Whether the line of a link names no target."""
        return not self.target and self.text[:1] == "L"


@derived
def providers(facts: Facts) -> tuple[Provider, ...]:
    """Every link, copy or mount the subject makes whose name looks like the runtime library's, or of its folder."""
    return (*_from_tmpfiles(facts), *_from_scripts(facts), *_from_mounts(facts), *_from_units(facts))


def api_providers(facts: Facts) -> tuple[Provider, ...]:
    """Those providers that make what the API opens."""
    return tuple(one for one in providers(facts) if one.is_opened)


def _is_runtime_path(path: str) -> bool:
    return path in FOLDERS or bool(re.match(r"lib_?rknn", posixpath.basename(path)))


def _from_tmpfiles(facts: Facts) -> Iterator[Provider]:
    for text in contribution(facts).tmpfiles:
        line = tmpfiles.parse(text)
        if isinstance(line, tmpfiles.Line) and line.type in "LC" and _is_runtime_path(line.path):
            target = "" if line.argument == "-" else line.argument
            mode = line.mode if line.type == "C" and line.mode != "-" else ""
            yield Provider(RULES, line.path, target, line.replaces, True, text, mode=mode)


def startup_scripts(facts: Facts) -> Iterator[tuple[str, str]]:
    """(where, text) of everything the subject has a shell or systemd run when the machine starts or switches."""
    ours = contribution(facts)
    yield from ours.root_scripts.items()
    for name, unit in ours.units.items():
        service = unit.sections.get("Service", {})
        commands = [
            value.lstrip("@-:+!")
            for key in ("ExecStartPre", "ExecStart", "ExecStartPost")
            for value in service.get(key, ())
        ]
        yield name, "\n".join((*commands, *dict.fromkeys((unit.script, *unit.scripts.values()))))
    for rule in ours.rules:
        for program in re.findall(r'RUN[^=]*[+:]?="([^"]*)"', rule.text or ""):
            yield rule.name, program


def _from_scripts(facts: Facts) -> Iterator[Provider]:
    lines = (tmpfiles.parse(text) for text in contribution(facts).tmpfiles)
    folders = {line.path.rstrip("/") for line in lines if isinstance(line, tmpfiles.Line) and line.type in "dDvqQ"}
    for where, text in startup_scripts(facts):
        if "rknn" in text or any(folder in text for folder in FOLDERS):
            yield from _Script(where, set(folders)).follow(text)


class _Script:
    """Follows a script's commands: what they make, of what, and whether it is there when it is needed."""

    def __init__(self, where: str, folders: set[str]) -> None:
        self.where = where
        self.folders = folders
        self.removed: set[str] = set()
        self.kept: set[str] = set()

    def follow(self, text: str) -> Iterator[Provider]:
        for command in shell.commands(text, {}, nested=True):
            words = command.arguments
            if command.program == "mkdir" or (command.program == "install" and _directories(command)):
                self.folders |= {word.rstrip("/") for word in words}
            elif command.program in ("rm", "unlink"):
                self.removed |= set(words)
            elif command.program in ("exit", "return"):
                # The script ends where the link is there already.
                self.kept |= {path for path in _paths(command) if _only_where(command, path, absent=False)}
            elif command.program in ("ln", "cp", "install", "mv", "mount"):
                yield from self._put(command)

    def _put(self, command: shell.Command) -> Iterator[Provider]:
        flags = "".join(word[1:] for word in command.options if not word.startswith("--"))
        names = {word for word in command.options if word.startswith("--")}
        words = [
            word for word in command.arguments if not re.fullmatch(r"[0-7]{3,4}|bind|root|ro|bind,ro|r?bind", word)
        ]
        if len(words) < 2:
            return
        *sources, last = words
        if ("t" in flags and command.program != "mount") or "--target-directory" in " ".join(names):
            last, *sources = words
        into = last.endswith("/") or (last in FOLDERS and "T" not in flags and not _is_whole(sources))
        for source in sources:
            path = f"{last.rstrip('/')}/{posixpath.basename(source)}" if into else last
            if _is_runtime_path(path):
                forced = command.program != "ln" or "f" in flags or "--force" in names or path in self.removed
                made = self._has_folder(path) or (command.program == "install" and "D" in flags)
                target = "" if "@" in source else source
                replaces = forced and path not in self.kept and not _only_where(command, path, absent=True)
                mode = _mode(command) if command.program == "install" else ""
                yield Provider(self.where, path, target, replaces, made, command.text, mode=mode)

    def _has_folder(self, path: str) -> bool:
        parent = posixpath.dirname(path)
        # What is only known at run time (`$(dirname …)`) is taken for what it most likely is.
        return any(folder == parent or folder.startswith(f"{parent}/") or "@" in folder for folder in self.folders)


def _directories(command: shell.Command) -> bool:
    return "--directory" in command.options or any(re.match(r"-\w*d", word) for word in command.options)


def _is_whole(sources: list[str]) -> bool:
    """Whether it is a directory of libraries that is linked, and not a file of it."""
    return all(not re.search(r"\.so[\d.]*$", source) for source in sources)


def _mode(command: shell.Command) -> str:
    words = command.effective
    for at, word in enumerate(words):
        found = _MODE.match(word)
        if found:
            return found[1] or (words[at + 1] if at + 1 < len(words) else "")
    return ""


def _paths(command: shell.Command) -> set[str]:
    return {word for one in command.under for word in one.words if word.startswith("/")}


def _only_where(command: shell.Command, path: str, *, absent: bool) -> bool:
    """Whether the command runs only where nothing of that name is there yet, or only where something is."""
    asked = [one for one in command.under if path in one.words]
    return bool(asked) and all(_is_test(one) and ("!" in one.words) == (one.succeeded == absent) for one in asked)


def _is_test(condition: shell.ShellCondition) -> bool:
    words = set(condition.words)
    # What asks for more than one thing may run where the link is wrong as well.
    return bool(words & {"-e", "-L", "-h", "-f"}) and not words & {"-o", "||"}


def _from_mounts(facts: Facts) -> Iterator[Provider]:
    started = {one.where for one in facts.configuration.mounts if one.starts}
    for one in contribution(facts).mounts:
        # A file or folder is no file system: without `bind` the mount fails.
        layered = one.kind == "overlay"
        if one.where in started and (layered or {"bind", "rbind"} & {*one.options}) and _is_runtime_path(one.where):
            text = f"{one.what} is mounted on {one.where} ({','.join(one.options)})"
            yield Provider(one.option, one.where, "" if layered else one.what, True, True, text)


def _from_units(facts: Facts) -> Iterator[Provider]:
    for name, unit in contribution(facts).units.items():
        yield from _binds(name, unit)


def _binds(name: str, unit: Unit) -> Iterator[Provider]:
    service = unit.sections.get("Service", {})
    for value in (*service.get("BindReadOnlyPaths", ()), *service.get("BindPaths", ())):
        for word in value.split():
            source, _, rest = word.lstrip("-").partition(":")
            path = rest.partition(":")[0] or source
            if _is_runtime_path(path):
                yield Provider(name, path, source, True, True, f"{name}: {word}", unit=name)


_WRITERS = re.compile(
    r"write(?:Shell|Bash|Dash|Python3|Text|Script)\w*|runCommand\w*|symlinkJoin|buildFHS\w+|mkDerivation"
)
_PATHS = re.compile("|".join(map(re.escape, PYTHON_RUNTIME_PATHS)))


@derived
def build_may_provide_runtime(facts: Facts) -> str:
    """Where something may put the runtime at a path of the API's, for a reason; "" where nothing does."""
    for tree in nix_files(facts):
        for node in tree.tree.walk():
            if isinstance(node, Apply) and _WRITERS.fullmatch(function_name(_head(node)) or ""):
                texts = (text for inner in node.walk() if isinstance(inner, Text) for text in _plain(inner))
                if any(map(_PATHS.search, texts)):
                    return f"{tree.at(node)} mentions the API's path in text that only a build shows"
    for package in contribution(facts).packages:
        if package in facts.configuration.tmpfiles_packages and not package.files and not package.members:
            return f"{package.name} brings tmpfiles lines (systemd.tmpfiles.packages) that only a build shows"
    return ""


def _head(node: Apply) -> Node:
    head: Node = node
    while isinstance(head, Apply):
        head = head.function
    return head


def _plain(node: Text) -> Iterator[str]:
    return (part for part in node.parts if isinstance(part, str))
