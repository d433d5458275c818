"""What the files of a flake ask of its inputs, read from their syntax trees."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from rknn_validation.facts.nix.parse import nix_files, read
from rknn_validation.facts.nix.syntax import Name, Node, Select

Names = dict[str, Any]
"""Attribute paths as nested mappings; an empty one is where a path ends."""

FILES = 1000
SYSTEMS = ("aarch64-linux", "x86_64-linux")
"""What an attribute that is computed stands for where `packages` and the like have one a system."""
PER_SYSTEM = frozenset({"packages", "legacyPackages", "devShells", "apps", "checks"})


def asked_of(directory: Path, inputs: set[str]) -> dict[str, Names]:
    """By input, the attribute paths that the flake's files select from `inputs.NAME` or a variable of that name."""
    found: dict[str, Names] = {name: {} for name in inputs}
    for path in islice(nix_files(directory), FILES):
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
            return  # which one is computed: nobody knows what to put there
        keys = (word,) if word is not None else SYSTEMS
        level = [one.setdefault(key, {}) for one in level for key in keys]
