"""The rooms of the house: imports go down only, and files stay small."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "rknn_validation"
FLOORS = {
    "errors": 0,
    "deadline": 0,
    "process": 0,
    "yamlfile": 0,
    "expects": 0,
    "usercache": 0,
    "inference": 0,
    "inventory": 0,
    "parts": 0,
    "hostsfile": 0,
    "transitions": 0,
    "npu": 0,
    "subject": 1,
    "nix": 2,
    "facts": 3,
    "machine": 2,
    "hosts": 3,
    "checks": 4,
    "report": 5,
    "fleet": 5,
    "judging": 5,
    "whichnodes": 5,
    "nixostest": 6,
    "hardwareplugin": 6,
    "reporter": 6,
    "plugin": 7,
}
LINES = 250


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def modules() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if room(path) != "__init__"]


def imported_rooms(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = node.module.split(".")
            names |= {alias.name for alias in node.names} if parts == ["rknn_validation"] else {".".join(parts)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    inside = (name.split(".")[1] if name.startswith("rknn_validation.") else name for name in names)
    return {name for name in inside if name in FLOORS}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_lower_floors_and_stays_small(path: Path) -> None:
    own = FLOORS[room(path)]
    for name in imported_rooms(path) - {room(path)}:
        # nix -> machine is the data flow: an activation lays out an evaluated configuration.
        assert FLOORS[name] < max(own, 1) or (room(path), name) == ("machine", "nix"), f"{path} imports {name}"
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
