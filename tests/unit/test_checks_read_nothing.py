"""A check of a configuration is a function of facts: it opens no file, starts no process and parses no Nix."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "subjects"))
import tables

from rknn_validation.checks import configuration
from rknn_validation.checks.configuration import applicable, ask

pytestmark = pytest.mark.unit

CHECKS = sorted(Path(configuration.__file__).parent.glob("*.py"))
READS = frozenset(
    {"read_text", "read_bytes", "is_file", "is_dir", "exists", "stat", "glob", "rglob", "iterdir", "resolve", "open"}
)
MODULES = frozenset(
    {"subprocess", "os", "shutil", "io", "tempfile", "rknn_validation.common.process", "rknn_validation.tools"}
)
# Whose conversion is under way.
NOT_YET = frozenset({"device_tree.py", "kernel_symbols.py"})
ASKED = ("harmless-vendor", "harmless-package-whole-tree", "source-is-a-pointer", "part-not-imported")
EVENTS = ("open", "os.listdir", "os.scandir", "subprocess.Popen", "os.exec", "os.posix_spawn", "glob.glob")


@pytest.mark.parametrize("path", CHECKS, ids=lambda path: path.name)
def test_no_check_s_code_reads_files_or_starts_processes(path: Path) -> None:
    found = set(_reads(ast.parse(path.read_text())))
    assert not found or path.name in NOT_YET, f"{path.name}: {', '.join(sorted(found))}: read it in facts/"


def _reads(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            # `exists(…)` of something else than a path is told by what it is given.
            if name in READS and not (name == "exists" and node.args):
                yield f"{name}() in line {node.lineno}"
        elif isinstance(node, ast.Import):
            yield from (f"import {one.name}" for one in node.names if one.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            yield f"from {node.module} import …"


class _Watch:
    """What the running code asks of the machine, while it is on; an audit hook cannot be taken off again."""

    def __init__(self) -> None:
        self.seen: list[str] | None = None
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        # Modules that are imported late, and lines a traceback quotes, are the interpreter's own affair.
        if self.seen is not None and event in EVENTS and not str(arguments[:1]).rstrip("',)").endswith((".py", ".pyc")):
            self.seen.append(f"{event} {arguments[:1]}")

    @contextmanager
    def on(self) -> Iterator[list[str]]:
        """What is asked inside."""
        seen: list[str] = []
        self.seen = seen
        try:
            yield seen
        finally:
            self.seen = None


def test_asking_checks_opens_no_file_once_facts_are_read(tmp_path: Path) -> None:
    watch = _Watch()
    wanted = [tables.subjects()[name] for name in ASKED]
    for gathered in tables.evaluated(wanted, tmp_path).values():
        for facts in gathered.values():
            # Readers read when they are first asked, and keep what they read with the facts.
            for check in applicable(facts):
                ask(check, facts)
            with watch.on() as seen:
                said = {check.id: ask(check, facts) for check in applicable(facts)}
            assert said and not seen, seen
