"""The Nix files of a subject: their syntax trees, the files they name, and modules that nothing imports."""

from __future__ import annotations

import functools
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.parse import nix_files_below, parse
from rknn_validation.facts.nix.syntax import (
    Apply,
    Attributes,
    Binding,
    Formal,
    Function,
    Inherit,
    Let,
    Name,
    NixSyntaxError,
    Node,
    Operation,
    Select,
    Text,
    With,
    dotted,
    function_name,
)
from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.subject.validation import Subject

_OWN_ATTRIBUTE = re.compile(r"(?:finalAttrs|self|final|this)\.(?:version|pname)")
_DEPTH = 6
_FILES = 400
_NPU = re.compile(r"rknn|rkllm|rknpu|rockchip|rk35|teflon|\bnpu\b|\brocket\b", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class NixFile:
    """A Nix file and its tree. `names` are the variables bound exactly once in it, by `let` or `rec`.

    `about_npu` is False for a file that only an overlay leads to and that mentions nothing of this SoC: an overlay
    of a whole fleet brings a lot of packages that are none of ours.
    """

    path: Path
    root: Path
    tree: Node
    names: dict[str, Node] = field(default_factory=dict)
    about_npu: bool = True
    mentions_npu: bool = True
    written: int = 0

    def at(self, node: Node) -> str:
        """`file:line`, the file relative to the subject where it lies in it."""
        return f"{self._shown}:{node.line}"

    @functools.cached_property
    def _shown(self) -> str:
        return str(self.path.relative_to(self.root) if self.path.is_relative_to(self.root) else self.path)

    def text(self, node: Node | None) -> str | None:
        """The string an expression comes to as far as this file alone tells.

        What only evaluation knows appears as `${…}`; None where the expression is no string at all.
        """
        return self._text(node, 0)

    def _text(self, node: Node | None, depth: int) -> str | None:
        if depth > _DEPTH:
            return None
        if isinstance(node, Text):
            return "".join(part if isinstance(part, str) else self._inner(part, depth) for part in node.parts)
        if isinstance(node, Name) and node.id in self.names:
            return self._text(self.names[node.id], depth + 1)
        if isinstance(node, Select) and _OWN_ATTRIBUTE.fullmatch(dotted(node) or ""):
            own = [one.value for one in self.tree.walk() if isinstance(one, Binding) and one.path == node.path]
            return self._text(own[0], depth + 1) if len(own) == 1 else None
        if isinstance(node, Operation) and node.operator == "+" and node.left is not None:
            left, right = self._text(node.left, depth + 1), self._text(node.right, depth + 1)
            return None if left is None or right is None else left + right
        return None

    def _inner(self, node: Node, depth: int) -> str:
        known = self._text(node, depth + 1)
        return "${…}" if known is None else known


def string_texts(tree: NixFile) -> Iterator[str]:
    """Every piece of text in the file's strings."""
    for node in tree.tree.walk():
        if isinstance(node, Text):
            yield from (part for part in node.parts if isinstance(part, str))


def places_naming(tree: NixFile, *path: str) -> Iterator[Node]:
    """Every place that sets or reads something at or below an option: `a.b.c`, `a = { b.c = …; }`."""
    yield from _naming(tree.tree, path, ())


def _naming(node: Node, path: tuple[str, ...], below: tuple[str, ...]) -> Iterator[Node]:
    if isinstance(node, Binding):
        here = (*below, *(part if isinstance(part, str) else "" for part in node.path))
        if _within(path, here) and not _within(path, below):
            yield node
        below = here
    elif isinstance(node, Select):
        if _within(path, tuple(part if isinstance(part, str) else "" for part in node.path)):
            yield node
    elif not isinstance(node, Attributes | Inherit):
        below = below if isinstance(node, Apply | Operation | Let) else ()
    for child in node.children():
        yield from _naming(child, path, below)


def _within(path: tuple[str, ...], named: tuple[str, ...]) -> bool:
    return any(named[at : at + len(path)] == path for at in range(len(named) - len(path) + 1))


@derived
def nix_files(facts: Facts) -> tuple[NixFile, ...]:
    """Every Nix file of the subject, see subject_trees."""
    return files_of_subject(facts.subject)


def files_of_subject(subject: Subject) -> tuple[NixFile, ...]:
    """Every Nix file reached from the module, the imports and the overlays by path literals, each once.

    Files that are no Nix are left out: whether they matter is for evaluation to say.
    """
    known = _KNOWN.get(subject)
    if known is None or any(_changed(tree) for tree in known):
        known = _KNOWN[subject] = _trees(subject)
    return known


_KNOWN: dict[Subject, tuple[NixFile, ...]] = {}


def _changed(tree: NixFile) -> bool:
    return not tree.path.is_file() or tree.path.stat().st_mtime_ns != tree.written


def _trees(subject: Subject) -> tuple[NixFile, ...]:
    found: dict[Path, NixFile] = {}
    # Overlays and whole machines contain much that does not concern the NPU.
    waiting = [(path, subject.host is None and path not in subject.overlays) for path in subject.files]
    while waiting and len(found) < _FILES:
        path, ours = waiting.pop(0)
        path = (path / "default.nix" if path.is_dir() else path).resolve()
        if path in found or path.suffix != ".nix" or not path.is_file():
            continue
        written = path.stat().st_mtime_ns
        tree, names, mentions = _read(path, written)
        if tree is None:
            continue
        found[path] = NixFile(path, subject.root, tree, names, ours or mentions, mentions, written)
        waiting += [(path.parent / literal, ours) for literal in relative_paths(tree)]
    return tuple(found.values())


def read_nix_file(path: Path, root: Path) -> NixFile | None:
    """One Nix file; None where it cannot be read."""
    if not path.is_file():
        return None
    written = path.stat().st_mtime_ns
    tree, names, mentions = _read(path.resolve(), written)
    return None if tree is None else NixFile(path, root, tree, names, mentions, mentions, written)


def relative_paths(tree: Node) -> Iterator[str]:
    """The relative path literals of a file."""
    for node in tree.walk():
        if isinstance(node, NixPath) and not node.search and node.literal and node.literal[0] not in "/~":
            yield node.literal


@functools.lru_cache(maxsize=8192)
def _read(path: Path, written: int) -> tuple[Node | None, dict[str, Node], bool]:
    del written  # part of the key only
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except (NixSyntaxError, OSError, UnicodeDecodeError, RecursionError):
        return None, {}, False


@functools.lru_cache(maxsize=1024)
def _parsed(text: str) -> tuple[Node, dict[str, Node], bool]:
    # By text: files that are judged together are often copies of each other.
    tree = parse(text)
    return tree, _names(tree), bool(_NPU.search(text))


def _names(tree: Node) -> dict[str, Node]:
    names: dict[str, Node] = {}
    twice: set[str] = set()
    for node in tree.walk():
        entries: tuple[Binding | Inherit, ...] = ()
        if isinstance(node, Let) or (isinstance(node, Attributes) and node.recursive):
            entries = node.entries
        for entry in entries:
            if isinstance(entry, Binding) and len(entry.path) == 1 and isinstance(entry.path[0], str):
                if entry.path[0] in names:
                    twice.add(entry.path[0])
                names[entry.path[0]] = entry.value
        if isinstance(node, Function):
            twice |= {formal.id for formal in node.formals or ()} | ({node.argument} if node.argument else set())
    return {name: value for name, value in names.items() if name not in twice}


_AARCH64 = 183
_MACHINES = {3: "x86 (32 bit)", 40: "ARM (32 bit)", 62: "x86_64", 243: "RISC-V"}


@dataclass(frozen=True)
class LocalFile:
    """A path literal. `exists` is None for an absolute path: that is a matter of some machine, and none of the subject.

    `unfit` says why a shared library does not fit aarch64; "" where it does, or is no library.
    """

    where: str
    literal: str
    exists: bool | None
    unfit: str = ""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.literal.rsplit("/", 1)[-1]


@derived
def local_files(facts: Facts) -> tuple[LocalFile, ...]:
    """Every path literal in the files that are about the NPU."""
    return tuple(
        _local_file(tree.at(node), tree.path.parent, node.literal)
        for tree in nix_files(facts)
        if tree.about_npu
        for node in tree.tree.walk()
        if isinstance(node, NixPath) and not node.search and node.literal
    )


def _local_file(where: str, folder: Path, literal: str) -> LocalFile:
    if literal.startswith(("/", "~")):
        return LocalFile(where, literal, None)
    path = folder / literal
    unfit = elf_problem(path.read_bytes()[:64]) if ".so" in path.name and path.is_file() else None
    return LocalFile(where, literal, path.exists(), unfit or "")


def elf_problem(head: bytes) -> str | None:
    """Why a file that begins like this is no library for aarch64; None where it is one."""
    if head.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer, not the library: fetch the file itself (git lfs pull)"
    if not head.startswith(b"\x7fELF") or len(head) < 20:
        return "it is no ELF file"
    (machine,) = struct.unpack_from("<H" if head[5] == 1 else ">H", head, 18)
    return None if machine == _AARCH64 else f"it is for {_MACHINES.get(machine, f'machine {machine}')}, not for aarch64"


_FOLDERS = 200
_LISTS_FOLDERS = frozenset({"readDir", "listFilesRecursive", "listFiles", "toSource", "importDir", "filesystem"})


@derived
def unread_parts(facts: Facts) -> tuple[Path, ...]:
    """Modules in the module's own folder that act on its options and that no file of the subject names."""
    module = facts.subject.module
    if not isinstance(module, Path) or not facts.subject.option:
        return ()
    reached = {tree.path.resolve() for tree in nix_files(facts)}
    option = ".".join(("config", *facts.subject.option))
    beside = (read_nix_file(path, facts.subject.root) for path in _beside(module) if path.resolve() not in reached)
    parts = [tree.path for tree in beside if tree and _acts_on(tree.tree, option)]
    return tuple(path for path in parts if not _is_named(path, facts.subject.root))


def _beside(module: Path) -> list[Path]:
    # A module among many others has no parts of its own: only a folder that is the module's is looked at.
    if not (module.is_dir() or module.name == "default.nix"):
        return []
    folder = module if module.is_dir() else module.parent
    return sorted(path for path in folder.glob("*.nix") if path.is_file())


def _acts_on(tree: Node, option: str) -> bool:
    """Whether it is a module that sets something under a condition, and reads the options."""
    names = {formal.id for formal in tree.formals or ()} if isinstance(tree, Function) else set()
    nodes = list(tree.walk())
    reads = any((dotted(node) or "").startswith(option) for node in nodes)
    return (
        "config" in names and reads and any(isinstance(node, Apply) and function_name(node) == "mkIf" for node in nodes)
    )


def _is_named(path: Path, root: Path) -> bool:
    """Whether any Nix file below the subject's folder names the file, or reads whole folders."""
    for other in nix_files_below(root, _FOLDERS):
        tree = read_nix_file(other, root) if other.resolve() != path.resolve() else None
        if tree and any(_mentions(node, other.parent, path) for node in tree.tree.walk()):
            return True
    return False


def _mentions(node: Node, folder: Path, path: Path) -> bool:
    if isinstance(node, NixPath):
        return not node.search and bool(node.literal) and (folder / (node.literal or "")).resolve() == path.resolve()
    if isinstance(node, Text):
        return any(
            isinstance(part, str) and (part == path.name or part.endswith(f"/{path.name}")) for part in node.parts
        )
    return (function_name(node) or "") in _LISTS_FOLDERS and not isinstance(node, Formal | Let | With)
