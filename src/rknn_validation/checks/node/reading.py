"""Reads files of a node in one command, so that a link of some hundred milliseconds is crossed once."""

from __future__ import annotations

from dataclasses import dataclass

from rknn_validation.checks.model import Evidence
from rknn_validation.checks.node.registry import NodeUnderTest

_READ = (
    'for path in PATHS; do if [ -r "$path" ]; then printf \'%s=\' "$path"; '
    "tr '\\0\\n' '  ' <\"$path\"; echo; fi; done"
)


@dataclass(frozen=True)
class Readings:
    """Readable files by path, newlines and zero bytes as spaces. Files that cannot be read are not in it."""

    values: dict[str, str]
    seen: Evidence

    def first(self, *paths: str) -> str:
        """The first of these files that has something in it, "" where none has."""
        return next((self.values[path] for path in paths if self.values.get(path)), "")

    def by_directory(self) -> dict[str, dict[str, str]]:
        """File name -> content, for each directory."""
        found: dict[str, dict[str, str]] = {}
        for path, value in self.values.items():
            directory, _, name = path.rpartition("/")
            found.setdefault(directory, {})[name] = value
        return found


def read(node: NodeUnderTest, *patterns: str) -> Readings:
    """The files that match shell patterns of this module's own making; never anybody's input."""
    ran = node.must(_READ.replace("PATHS", " ".join(patterns)))
    pairs = (line.partition("=") for line in ran.lines)
    return Readings({path: value.strip() for path, _, value in pairs}, ran.evidence)
