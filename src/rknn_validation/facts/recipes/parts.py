"""Files beside a module that look like parts of it, and whether anything reads them."""

from __future__ import annotations

from pathlib import Path

from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.parse import nix_files
from rknn_validation.facts.nix.syntax import Apply, Formal, Function, Let, Node, Text, With, dotted, function_name
from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.nixtrees import read_tree, trees_of

_FOLDERS = 200
_LISTS_FOLDERS = frozenset({"readDir", "listFilesRecursive", "listFiles", "toSource", "importDir", "filesystem"})


@derived
def unread_parts(facts: Facts) -> tuple[Path, ...]:
    """Modules in the module's own folder that act on its options and that no file of the subject names."""
    module = facts.subject.module
    if not isinstance(module, Path) or not facts.subject.option:
        return ()
    reached = {tree.path.resolve() for tree in trees_of(facts)}
    option = ".".join(("config", *facts.subject.option))
    beside = (read_tree(path, facts.subject.root) for path in _beside(module) if path.resolve() not in reached)
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
    for other in nix_files(root, _FOLDERS):
        tree = read_tree(other, root) if other.resolve() != path.resolve() else None
        if tree and any(_names(node, other.parent, path) for node in tree.tree.walk()):
            return True
    return False


def _names(node: Node, folder: Path, path: Path) -> bool:
    if isinstance(node, NixPath):
        return not node.search and bool(node.literal) and (folder / (node.literal or "")).resolve() == path.resolve()
    if isinstance(node, Text):
        return any(
            isinstance(part, str) and (part == path.name or part.endswith(f"/{path.name}")) for part in node.parts
        )
    return (function_name(node) or "") in _LISTS_FOLDERS and not isinstance(node, Formal | Let | With)
