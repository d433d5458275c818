"""Where a finding is written: the file and line of the subject that its evidence leads to, for forges and editors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from rknn_validation.checks.model import Verdict
from rknn_validation.facts.nix.parse import read
from rknn_validation.facts.nix.syntax import Attributes, Binding, Node, Text
from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.subject.validation import Validation

MOST_FILES = 200
"""Files that are read to find a line; those of a large fleet that come later are left out."""
TELLING = 12
"""Characters of a line of evidence that is looked for in the files: a shorter one may stand anywhere."""
_LINE = re.compile(r"(?P<file>[^\s:]+\.\w+):(?P<line>\d+)(?!\d)")


@dataclass(frozen=True)
class Place:
    """A line of a file, counted from 1."""

    file: Path
    line: int


@dataclass(frozen=True)
class Places:
    """The subject's files, in which lines are found."""

    validation: Validation

    def of(self, verdict: Verdict) -> Place:
        """Where to look for a finding: what its evidence names, else the scenario in the subject file."""
        for evidence in verdict.evidence:
            found = self._named(evidence.source) or self._written(evidence.output) or self._set(evidence.source)
            if found:
                return found
        return self._scenario(verdict.scenario)

    def _named(self, source: str) -> Place | None:
        """`file:line`, where it is a file of the subject's."""
        match = _LINE.search(source)
        if match is None:
            return None
        name = Path(match["file"])
        own = [file for file in self._trees if file == name or file.parts[-len(name.parts) :] == name.parts]
        return Place(own[0], int(match["line"])) if len(own) == 1 else None

    def _written(self, output: str) -> Place | None:
        """The only string of the files that has one of these lines in it."""
        for line in filter(lambda line: len(line) >= TELLING, map(str.strip, output.splitlines())):
            found = {
                Place(file, node.line + (node.raw[: node.raw.find(line)].count("\n") if line in node.raw else 0))
                for file, node in self._nodes(Text)
                if any(line in part for part in node.parts if isinstance(part, str))
            }
            if len(found) == 1:
                return found.pop()
        return None

    def _set(self, option: str) -> Place | None:
        """Where an option is set, or what it is a part of."""
        path = tuple(option.split(".")) if re.fullmatch(r"[\w.-]+", option) else ()
        nearest = [
            (len(own), Place(file, line))
            for file, own, line in self._bindings
            if len(own) > 1 and (own[: len(path)] == path or path[: len(own)] == own)
        ]
        return max(nearest, key=lambda one: min(one[0], len(path)))[1] if path and nearest else None

    def _scenario(self, name: str) -> Place:
        path = self.validation.path
        if path.is_dir():
            return Place(path / "flake.nix", 1)
        if path.suffix not in (".yaml", ".yml"):
            return Place(path, 1)
        top = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        keys = [(one, key) for one, inner in _entries(top) if one.value in ("scenarios", "hosts") for key, _ in _entries(inner)]
        line = next((key.start_mark.line + 1 for _, key in keys if key.value == name.rpartition("->")[2]), 1)
        return Place(path, line)

    @cached_property
    def _trees(self) -> dict[Path, Node]:
        """The subject's own files and those they name, each read once."""
        subjects = (self.validation.subject, *self.validation.host_subjects.values())
        waiting = [path for one in subjects if one is not None for path in one.files]
        found: dict[Path, Node] = {}
        while waiting and len(found) < MOST_FILES:
            path = waiting.pop(0)
            path = path / "default.nix" if path.is_dir() else path
            if path in found or path.suffix != ".nix" or not path.is_file() or (tree := read(path)) is None:
                continue
            found[path] = tree
            named = (node.literal for node in tree.walk() if isinstance(node, NixPath) and not node.search)
            waiting += [(path.parent / name).resolve() for name in named if name and name.startswith(".")]
        return found

    def _nodes(self, kind: type[Text]) -> Iterator[tuple[Path, Text]]:
        yield from ((file, node) for file, tree in self._trees.items() for node in tree.walk() if isinstance(node, kind))

    @cached_property
    def _bindings(self) -> Sequence[tuple[Path, tuple[str, ...], int]]:
        """Every binding with the names that lead to it in its file."""
        return [(file, own, line) for file, tree in self._trees.items() for own, line in _paths(tree, ())]


def _entries(node: yaml.Node | None) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
    return list(node.value) if isinstance(node, yaml.MappingNode) else []


def _paths(node: Node, before: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    if not isinstance(node, Attributes):
        for child in node.children():
            # `config = mkIf … { … }`: a function between them changes no path that anybody writes.
            yield from _paths(child, before if not isinstance(child, Binding) else ())
        return
    for binding in node.bindings():
        names = tuple(part if isinstance(part, str) else "*" for part in binding.path)
        own = (*before, *(names[1:] if not before and names[:1] == ("config",) else names))
        if own:
            yield own, binding.line
        yield from _paths(binding.value, own)
