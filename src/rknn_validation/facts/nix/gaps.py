"""Gaps of the stand-in: names it lacks, learned from the errors of one evaluation and passed to the next."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rknn_validation.facts.nix.command import json_file
from rknn_validation.facts.nix.namespaces import is_alike, is_mistaken, library_names, split_path
from rknn_validation.facts.nix.origins import Origin, of_attribute, of_variable, on_line, values_read
from rknn_validation.subject.validation import Subject

MARK = "not-modelled-"
"""In every text that an opaque value became (`standin/opaque.nix`)."""
NOT_IN_NIXPKGS = re.compile(r"rknn|rknpu|rkllm|rk3588", re.IGNORECASE)
"""No top-level attribute of nixpkgs matches this: a missing one is the subject's own."""
ROUNDS = 60
"""How often an evaluation is repeated because the stand-in lacked one thing more."""
POSITION = re.compile(r"at (/[^\s:]+):(\d+):\d+")
_USED = re.compile(r"^trace: not modelled: (.+)$", re.MULTILINE)
_TAKEN = re.compile(r"^trace: taken for false: (.+)$", re.MULTILINE)
TAKEN = " (taken for false)"
"""Behind the name of a Boolean that is unknown, and decides something."""
_REQUEST = re.compile(r"^trace: evaluating request (\S+)$", re.MULTILINE)
_UNDECLARED = re.compile(r"^\s+(\S+):(?: (.*))?$", re.MULTILINE)
OTHERS = "Not declared, and what is like it:"
NEEDED = re.compile(
    r"value is an? (?:set|function) while an? (\w+) was expected|expected an? (\w+) but found a set|"
    r"cannot add a set to an (integer)"
)
_KINDS = {"Boolean": "bool", "integer": "int", "list": "list", "set": "set", "string": "string"}
_SWITCH = re.compile(r"enable(d|[A-Z]\w*)?$")

_HELD_BY_OTHERS = (("boot", "kernelPackages"), ("fileSystems",), ("users", "users"))
"""Options with members that a module reads and the machine's owner, or a module that is not here, sets."""

Tree = Mapping[str, Any]


def is_opaque(text: str | None) -> bool:
    """Whether a text holds what the stand-in does not model: nothing may be concluded from it."""
    return text is not None and MARK in text


@dataclass(frozen=True)
class Gaps:
    """Names that nixpkgs, NixOS or a caller has and the stand-in has not, as trees; a tree's "" is the kind needed.

    `accepted` are paths of options that are defined, `options` are read.
    """

    accepted: tuple[tuple[str, ...], ...] = ()
    options: Tree = field(default_factory=dict)
    packages: Tree = field(default_factory=dict)
    functions: Tree = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As `eval-config.nix` of the stand-in takes it; empty where nothing is missing."""
        return {name: value for name, value in vars(self).items() if value}

    def as_path(self, scratch: Path) -> str:
        """A file of it, as an entry of Nix's search path, where the stand-in looks for it."""
        return f"rknn-not-modelled={json_file(self.to_json(), scratch)}"


def used(output: str) -> tuple[str, ...]:
    """What was not modelled, and used, in an evaluation with this standard error; the most exact names of each.

    A Boolean that was taken for false is named with `TAKEN` behind it.
    """
    taken = set(_TAKEN.findall(output))
    names = sorted({name for name in _USED.findall(output) if not name.endswith("which is not here")} | taken)
    exact = [name for name in names if not any(other.startswith(f"{name}.") for other in names)]
    return tuple(f"{name}{TAKEN}" if name in taken else name for name in exact)


def used_by_request(output: str) -> dict[str, tuple[str, ...]]:
    """The same of a batch, by request: each evaluation says its own before it begins."""
    parts = _REQUEST.split(output)
    found: dict[str, str] = {}
    for index, text in zip(parts[1::2], parts[2::2], strict=True):
        found[index] = found.get(index, "") + text
    return {index: used(text) for index, text in found.items()}


def spared(output: str) -> str:
    """Standard error without the lines that are only for this."""
    own = (_USED, _TAKEN, _REQUEST)
    return "\n".join(line for line in output.splitlines() if not any(one.match(line) for one in own))


def learn(output: str, error: str, subject: Subject, known: Gaps) -> Gaps:
    """`known` with what an error shows to be missing; the same where that is the subject's error, or unknown.

    `output` is all that Nix wrote, with its trace; `error` is the error alone.
    """
    names = set(_USED.findall(output))
    is_open = any(name.startswith("the module ") for name in names)
    if "does not exist." in error:
        others = error.partition(OTHERS)[2]
        paths = {tuple(split_path(path)): like.split() for path, like in _UNDECLARED.findall(others)}
        new = [path for path, like in paths.items() if _is_foreign(path, like, subject, error, is_open=is_open)]
        return replace(known, accepted=tuple(dict.fromkeys((*known.accepted, *new))))
    required = re.search(r"called without required argument ['\"]([^'\"]+)['\"]", error)
    if required and "callPackageWith" in output and not NOT_IN_NIXPKGS.search(required[1]):
        return replace(known, packages=_with(known.packages, (required[1],)))
    needed = NEEDED.search(error)
    if needed:
        return _as_kind(output, _KINDS.get(needed[1] or needed[2] or needed[3], ""), names, known)
    missing = re.match(r"(?:attribute '(?P<attribute>[^']+)' missing|undefined variable '(?P<variable>[^']+)')", error)
    where = POSITION.search(error)
    if missing is None or where is None:
        return known
    name, find = missing["attribute"] or missing["variable"], of_attribute if missing["attribute"] else of_variable
    origin = find(Path(where[1]), int(where[2]), name)
    more = _of_name(origin, name, subject, known, is_open=is_open)
    # What else the file reads is likely to be missing as well; what is there stays as it is.
    for other in sorted(values_read(Path(where[1])), key=str) if more != known else ():
        if other.path:
            more = _of_name(replace(other, path=other.path[:-1]), other.path[-1], subject, more, is_open=is_open)
    return more


def _is_foreign(path: tuple[str, ...], like: list[str], subject: Subject, error: str, *, is_open: bool) -> bool:
    if any(is_alike(path[-1], other) for other in like):
        return False
    return not is_mistaken(path, subject.option, error, is_open=is_open)


def _of_name(origin: Origin, name: str, subject: Subject, known: Gaps, *, is_open: bool) -> Gaps:
    path = (*origin.path, name)
    if origin.kind == "config" and path[0] == "cfg":
        path = (*subject.option, *path[1:])
    if "*" in path:
        return known
    if origin.kind == "config":
        is_value = any(path[: len(held)] == held and len(path) > len(held) for held in _HELD_BY_OTHERS)
        if not is_value and is_mistaken(path, subject.option, is_open=is_open):
            return known
        return replace(known, options=_with(known.options, path))
    if origin.kind == "pkgs" and not NOT_IN_NIXPKGS.search(name):
        return replace(known, packages=_with(known.packages, path))
    names = library_names().get(".".join(origin.path), frozenset())
    if origin.kind == "lib" and name in names:
        return replace(known, functions=_with(known.functions, path))
    return known


def _as_kind(output: str, kind: str, names: Iterable[str], known: Gaps) -> Gaps:
    """An opaque value that was needed as something else: of those named on the lines of the trace, the first used."""
    if not kind:
        return known
    for file, line in reversed(POSITION.findall(output)):
        for origin in on_line(Path(file), int(line)):
            name = ".".join(origin.path)
            if origin.kind == "config" and name in names:
                return replace(known, options=_with(known.options, origin.path, kind))
            if origin.kind == "pkgs" and f"pkgs.{name}" in names:
                return replace(known, packages=_with(known.packages, origin.path, kind))
    # A computed name has no line in the trace: what was used last is what was needed.
    last = (_USED.findall(output) or [""])[-1]
    if last.startswith("pkgs."):
        known = replace(known, packages=_with(known.packages, tuple(split_path(last)[1:]), kind))
    elif last and " " not in last:
        known = replace(known, options=_with(known.options, tuple(split_path(last)), kind))
    # The text may be the name of a package.
    return replace(known, packages=_with(known.packages, (MARK,))) if kind == "string" else known


def _with(tree: Tree, path: tuple[str, ...], kind: str = "") -> Tree:
    """The tree with one path more."""
    if not path:
        return {**tree, "": kind} if kind else tree
    kind = kind or ("bool" if len(path) == 1 and _SWITCH.match(path[0]) else "")
    return {**tree, path[0]: _with(tree.get(path[0], {}), path[1:], kind)}
