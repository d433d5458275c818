"""A flake and its inputs: where each is on this machine, and placeholders for those that are missing."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.common.workspace import scratch
from rknn_validation.facts.nix.parse import nix_files_below, read
from rknn_validation.facts.nix.sources import Fetcher, Progress, directory_of, read_lock
from rknn_validation.facts.nix.syntax import Name, Node, Select

OPEN = Path(__file__).parent / "expression" / "open.nix"
MODULE = """\
# In place of a module that is not on this machine: it sets nothing, and says so.
builtins.trace "not modelled: the module {path} of {told}, which is not here" (
  {{ lib, ... }}:
  {{
    freeformType = import {open} {{ inherit lib; }};
    config.warnings = [ "rknn-validation: not here: {path} of {told}" ];
  }}
)
"""


@dataclass(frozen=True)
class Placeholders:
    """A folder for each missing input of a flake, removed with this object."""

    _folder: TemporaryDirectory[str] = field(default_factory=scratch)

    @property
    def folder(self) -> Path:
        """Where the inputs' folders are."""
        return Path(self._folder.name).resolve()

    def place(self, key: str) -> Path:
        """The folder in place of an input."""
        place = self.folder / re.sub(r"[^A-Za-z0-9+._-]", "-", key)
        place.mkdir(exist_ok=True)
        return place

    def supply(self, message: str, names: Mapping[str, str]) -> bool:
        """Put a module where Nix looked for one in vain; whether it did, and found none there.

        `message` is Nix's, `names` what to call the inputs, by key.
        """
        found = re.search(rf"{re.escape(str(self.folder))}/(?P<key>[^/'\s]+)/(?P<path>[^'\s\"\x1b]+)", message)
        if found is None or ".." in Path(found["path"]).parts:
            return False
        file = Path(found[0])
        file = file if file.suffix == ".nix" else file / "default.nix"
        if file.exists():
            # Another evaluation, at the same time, missed the same one: it is there by now.
            return f"'{found[0]}': No such file" in message
        file.parent.mkdir(parents=True, exist_ok=True)
        known = {self.place(key).name: name for key, name in names.items()}
        words = {"path": found["path"], "told": known.get(found["key"], found["key"]), "open": str(OPEN)}
        file.write_text(MODULE.format(**{name: re.sub(r'["$\\\\]', "", text) for name, text in words.items()}))
        return True


Names = dict[str, Any]
"""Attribute paths as nested mappings; an empty one is where a path ends."""

FILES = 1000
SYSTEMS = ("aarch64-linux", "x86_64-linux")
"""What an attribute that is computed stands for where `packages` and the like have one a system."""
PER_SYSTEM = frozenset({"packages", "legacyPackages", "devShells", "apps", "checks"})


def selected_attributes(directory: Path, inputs: set[str]) -> dict[str, Names]:
    """By input, the attribute paths that the flake's files select from `inputs.NAME` or a variable of that name."""
    found: dict[str, Names] = {name: {} for name in inputs}
    for path in islice(nix_files_below(directory), FILES):
        tree = read(path)
        for node in tree.walk() if tree else ():
            if isinstance(node, Select):
                _remember(found, _words(node))
    return found


def _words(node: Node) -> list[str | None]:
    """The words of a selection; None for one that is computed."""
    if isinstance(node, Name):
        return [node.id]
    if isinstance(node, Select):
        return [*_words(node.target), *(part if isinstance(part, str) else None for part in node.path)]
    return [None]


def _remember(found: dict[str, Names], words: list[str | None]) -> None:
    # `inputs.NAME.…`, `self.inputs.NAME.…`, `flake.inputs.NAME.…` and `NAME.…`
    if "inputs" in words:
        words = words[words.index("inputs") + 1 :]
    if not words or words[0] not in found:
        return
    _add(found[words[0] or ""], words[1:])


def _add(names: Names, words: list[str | None]) -> None:
    level = [names]
    for index, word in enumerate(words):
        before = words[index - 1] if index else None
        if word is None and before not in PER_SYSTEM:
            return  # the name is computed, and so unknown
        keys = (word,) if word is not None else SYSTEMS
        level = [one.setdefault(key, {}) for one in level for key in keys]


DOUBLES = frozenset({"numtide/flake-utils", "hercules-ci/flake-parts"})
"""Inputs with a test double in `expression/doubles`."""
_NIXPKGS = re.compile(r"/nixpkgs(?:[./@?]|$)|channels\.nixos\.org/|/nixexprs\.tar", re.IGNORECASE)


@dataclass(frozen=True)
class Input:
    """A node of the lock file. `path` is None where it is not on this machine; `name` is what messages call it.

    `names` are the attribute paths that the flake's own files ask of an input that is not here. `repository` is
    `owner/name` in lower case, "" outside forges. `release` is NixOS's, "" of none.
    """

    path: Path | None
    name: str
    is_flake: bool
    is_nixpkgs: bool
    info: Mapping[str, Any]
    inputs: Mapping[str, str]
    names: Names = field(default_factory=dict)
    repository: str = ""
    release: str = ""

    def to_json(self) -> dict[str, Any]:
        """As `expression/flake.nix` reads it."""
        return {
            "path": None if self.path is None else str(self.path),
            "flake": self.is_flake,
            "nixpkgs": self.is_nixpkgs,
            "info": dict(self.info),
            "inputs": dict(self.inputs),
            "told": self.name,
            "repository": self.repository,
            "name": re.sub(r"[^A-Za-z0-9+._-]", "-", self.name.rpartition("/")[2]) or "input",
            "names": self.names,
        }


@dataclass(frozen=True)
class Flake:
    """A flake as it lies on this machine. `name` is its reference, `nodes` are its inputs by key, itself included."""

    name: str
    directory: Path
    root: str
    nodes: Mapping[str, Input]
    placeholders: Placeholders = field(default_factory=Placeholders)

    @property
    def missing_inputs(self) -> tuple[str, ...]:
        """The inputs that are not here, nixpkgs left out: another one serves for that."""
        lost = (one for one in self.nodes.values() if one.path is None and not one.is_nixpkgs)
        return tuple(one.name for one in lost if one.repository not in DOUBLES)

    @property
    def nixpkgs(self) -> Path | None:
        """The flake's own nixpkgs, where it is on this machine."""
        return next((one.path for one in self._own_nixpkgs() if one.path is not None), None)

    @property
    def dated(self) -> dict[str, Any]:
        """How old the flake's nixpkgs is, as its lock file tells; empty where it does not."""
        own = next((one for one in self._own_nixpkgs() if one.info.get("lastModified")), None)
        return {"lastModified": own.info["lastModified"], "release": own.release} if own else {}

    def _own_nixpkgs(self) -> Iterator[Input]:
        """The inputs of the flake itself that are a nixpkgs, the one of that name first."""
        wanted = self.nodes[self.root].inputs
        keys = sorted(wanted.values(), key=lambda key: key != wanted.get("nixpkgs"))
        return (self.nodes[key] for key in keys if self.nodes[key].is_nixpkgs)

    @property
    def folders(self) -> tuple[Path, ...]:
        """What evaluating it may read: the inputs, and of itself the whole repository that it lies in."""
        above = (one for one in (self.directory, *self.directory.parents) if (one / ".git").exists())
        here = (one.path for one in self.nodes.values() if one.path is not None)
        return (next(above, self.directory), self.placeholders.folder, *here)

    def to_json(self) -> dict[str, Any]:
        """As `expression/flake.nix` reads it."""
        nodes = {key: one.to_json() for key, one in self.nodes.items()}
        for key, one in nodes.items():
            if one["path"] is None:
                one["place"] = str(self.placeholders.place(key))
        return {"root": self.root, "nodes": nodes}

    def supply(self, message: str) -> bool:
        """Whether Nix looked in vain for a module of an input that is not here, and will find one that sets nothing."""
        names = {key: one.name for key, one in self.nodes.items() if one.path is None}
        return self.placeholders.supply(message, names)


def read_flake(
    reference: str,
    base: Path,
    *,
    offline: bool,
    deadline: Deadline,
    progress: Progress = lambda _: None,
    without_nixpkgs: bool = False,
) -> Flake:
    """The flake that `reference` names: a directory (relative to `base`), or what `nix flake metadata` can fetch.

    Inputs are taken from where the lock file's `path` says, or from the store; what is in neither is fetched unless
    `offline`, a nixpkgs not `without_nixpkgs` either: another one serves then. Raises HarnessError where there is no
    such flake or its lock file cannot be read.
    """
    directory = directory_of(reference, base, offline=offline, deadline=deadline, progress=progress)
    if not (directory / "flake.nix").is_file():
        raise HarnessError(f"no flake at {reference}", expected=f"flake.nix in {directory}", seen="no such file")
    lock = read_lock(directory)
    fetcher = Fetcher(offline, deadline, progress)
    nodes = {
        key: _of_flake(directory, _inputs(lock, data))
        if key == lock["root"]
        else _node(key, data, lock, directory, fetcher, without_nixpkgs)
        for key, data in lock["nodes"].items()
    }
    absent = {key for key, one in nodes.items() if one.path is None and not one.is_nixpkgs}
    if absent:
        root = nodes[lock["root"]]
        selected = selected_attributes(directory, {name for name, key in root.inputs.items() if key in absent})
        for name, key in root.inputs.items():
            if key in absent:
                nodes[key] = replace(nodes[key], name=f"{name} ({nodes[key].name})", names=selected.get(name, {}))
    return Flake(reference, directory, lock["root"], nodes)


def _node(
    key: str, data: Mapping[str, Any], lock: Mapping[str, Any], directory: Path, fetcher: Fetcher, spared: bool
) -> Input:
    is_flake = data.get("flake", True) is not False
    is_nixpkgs = is_flake and _is_nixpkgs(data, key)
    locked = data.get("locked") or data.get("original") or {}
    name = _name_of(data, key)
    path = fetcher.find(locked, _place(lock, key, directory), name, fetch=not (spared and is_nixpkgs))
    kept = {name: locked[name] for name in ("rev", "narHash", "lastModified") if name in locked}
    if "rev" in kept:
        kept["shortRev"] = kept["rev"][:7]
    repository = f"{locked.get('owner', '')}/{locked.get('repo', '')}".lower().strip("/")
    release = re.search(r"nixos-(\d\d\.\d\d)", json.dumps([data.get("original"), locked]))
    return Input(
        path,
        name,
        is_flake,
        is_nixpkgs,
        kept,
        _inputs(lock, data),
        repository=repository,
        release=release[1] if release else "",
    )


def _of_flake(directory: Path, inputs: Mapping[str, str]) -> Input:
    return Input(directory, "the flake", True, False, _of_root(directory), inputs)


def _inputs(lock: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, str]:
    return {name: _resolved(lock, wanted) for name, wanted in (data.get("inputs") or {}).items()}


def _resolved(lock: Mapping[str, Any], wanted: Any) -> str:
    """The key of an input: its name, or what a path of `follows` leads to from the root."""
    if isinstance(wanted, str):
        return wanted
    key: str = lock["root"]
    for name in wanted:
        key = _resolved(lock, lock["nodes"][key]["inputs"][name])
    return key


def _place(lock: Mapping[str, Any], key: str, directory: Path) -> Path:
    """What a relative path of a node starts from: the flake, or the input that it is an input of."""
    parent = lock["nodes"][key].get("parent")
    if not parent:
        return directory
    above = _resolved(lock, parent)
    inner = str((lock["nodes"][above].get("locked") or {}).get("path", "."))
    return _place(lock, above, directory) / inner


def _name_of(data: Mapping[str, Any], key: str) -> str:
    original = data.get("original") or data.get("locked") or {}
    if original.get("url"):
        return str(original["url"])
    if original.get("type") in ("github", "gitlab", "sourcehut"):
        return f"{original['type']}:{original.get('owner')}/{original.get('repo')}"
    return str(original.get("path") or original.get("id") or key)


def _is_nixpkgs(data: Mapping[str, Any], key: str) -> bool:
    for one in (data.get("original") or {}, data.get("locked") or {}):
        if str(one.get("repo", "")).lower() == "nixpkgs" or str(one.get("id", "")).lower() == "nixpkgs":
            return True
        if _NIXPKGS.search(str(one.get("url", ""))):
            return True
    return re.fullmatch(r"nixpkgs(?:[-_].*)?", key) is not None and (data.get("original") or {}).get("type") != "path"


def _of_root(directory: Path) -> dict[str, Any]:
    """What Nix tells a flake of its own source: the revision, where nothing has been changed since."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(directory), *words], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    info: dict[str, Any] = {"lastModified": 0, "lastModifiedDate": "19700101000000", "submodules": False}
    if not any((one / ".git").exists() for one in (directory, *directory.parents)):
        return info
    try:
        revision = git("rev-parse", "HEAD")
        clean = revision and not git("status", "--porcelain", "--untracked-files=no")
    except OSError:
        return info  # no git here: as in a plain directory
    if revision:
        info["lastModified"] = int(git("log", "-1", "--format=%ct") or 0)
        words = ("rev", "shortRev") if clean else ("dirtyRev", "dirtyShortRev")
        suffix = "" if clean else "-dirty"
        info |= {words[0]: revision + suffix, words[1]: revision[:7] + suffix}
    return info
