"""The rooms of the house: imports go down only, and files stay small."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "rknn_validation"
ROOMS = (
    *("common", "npu", "subject", "facts", "npumodel", "machine", "nodes"),
    *("checks", "diagnosis", "report", "pytestplugin", "suites"),
)
"""From the lowest floor up: a room imports only from those before it."""
LINES = 400


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def modules() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent != PACKAGE]


def imported_rooms(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = node.module.split(".")
            names |= {alias.name for alias in node.names} if parts == ["rknn_validation"] else {".".join(parts)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    inside = (name.split(".")[1] if name.startswith("rknn_validation.") else name for name in names)
    return {name for name in inside if name in ROOMS}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_lower_floors_and_stays_small(path: Path) -> None:
    below = ROOMS[: ROOMS.index(room(path)) + 1]
    assert imported_rooms(path) <= set(below)
    assert len(path.read_text().splitlines()) <= LINES


def imported_modules(path: Path) -> set[str]:
    """Of the package's own modules, those that a file names, for type checkers alone or not."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in BY_NAME else node.module for name in inner}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names & BY_NAME.keys()


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


BY_NAME = {dotted(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def test_no_two_modules_need_each_other() -> None:
    needs = {name: imported_modules(path) - {name} for name, path in BY_NAME.items()}
    tuple(graphlib.TopologicalSorter(needs).static_order())  # raises CycleError, naming them
