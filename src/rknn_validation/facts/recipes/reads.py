"""What Nix code reads: options of its module, and the machine that evaluates it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.syntax import (
    Apply,
    Assert,
    Binding,
    Formal,
    Function,
    Has,
    If,
    Inherit,
    Let,
    Name,
    Node,
    Operation,
    Select,
    Text,
    With,
    dotted,
    function_name,
)
from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.nixfiles import NixFile, nix_files

_CONDITIONS = frozenset({"mkIf", "optional", "optionals", "optionalAttrs", "optionalString", "mkVMOverride"})
_LOGIC = frozenset({"&&", "||", "->"})


@dataclass(frozen=True)
class OptionRead:
    """A place that may read an option. `conditional`: whether that depends on something evaluated there."""

    where: str
    conditional: bool


def option_reads(trees: Sequence[NixFile], option: Sequence[str], below: Sequence[str] = ()) -> list[OptionRead]:
    """Every place that may read an option, by its path below `below`, the subject's own, which is switched on.

    Variables bound to it are followed; unused ones read nothing.
    """
    return [read for tree in trees for read in _Reader(tree, tuple(option), tuple(below)).found()]


class _Reader:
    def __init__(self, tree: NixFile, option: tuple[str, ...], below: tuple[str, ...]) -> None:
        self.tree = tree
        self.option = option
        own = ".".join(("config", *below, "enable")) if below else ""
        bound = dotted(tree.names["cfg"]) if "cfg" in tree.names else own.removesuffix(".enable")
        self.switches = {own, "cfg.enable" if bound and f"{bound}.enable" == own else own} - {""}
        self.aliases: set[str] = set()

    def found(self) -> list[OptionRead]:
        direct = list(self._walk(self.tree.tree, conditional=False, bound=None, spine=True))
        places = [OptionRead(self.tree.at(node), conditional) for node, conditional, bound in direct if bound is None]
        names = {bound for _, _, bound in direct if bound is not None}
        known: set[str] = set()
        while names - known:
            self.aliases = names - known
            known |= names
            for node, conditional, bound in self._walk(self.tree.tree, conditional=False, bound=None, spine=True):
                if bound is None:
                    places.append(OptionRead(self.tree.at(node), conditional))
                elif bound not in known:
                    names = names | {bound}
        return places

    def _walk(
        self, node: Node, *, conditional: bool, bound: str | None, spine: bool
    ) -> Iterator[tuple[Node, bool, str | None]]:
        """(place, whether under a condition, the variable of a `let` it is part of)."""
        if self._reads(node):
            yield node, conditional, bound
        if isinstance(node, Let):
            for entry in node.entries:
                name = entry.path[0] if isinstance(entry, Binding) and isinstance(entry.path[0], str) else None
                if isinstance(entry, Inherit):
                    # `inherit (cfg) group;` makes variables, which are read where they are used.
                    if entry.source is not None:
                        for own in entry.names:
                            if own == self.option[-1] and not self.aliases:
                                yield entry, conditional, own
                    continue
                # What is bound is looked at where it is used: the conditions there count as well.
                yield from self._walk(entry, conditional=conditional, bound=bound or name, spine=False)
            yield from self._walk(node.body, conditional=conditional, bound=bound, spine=spine)
            return
        for child in node.children():
            inner = conditional or self._is_condition(node, spine)
            on_spine = spine and isinstance(node, Function | With | Assert)
            yield from self._walk(child, conditional=inner, bound=bound, spine=on_spine)

    def _reads(self, node: Node) -> bool:
        if self.aliases:
            return isinstance(node, Name) and node.id in self.aliases
        if isinstance(node, Select | Has):
            path = tuple(part if isinstance(part, str) else "" for part in node.path)
            if isinstance(node.target, Name):
                path = (node.target.id, *path)
            # lib.types.port is a type, and not an option's value.
            if path[:1] in {("lib",), ("types",)}:
                return False
            # `runtime = cfg.runtime;` and then `runtime.package`: the end of the path is enough.
            return _contains(path, self.option[-2:]) or (len(path) > 1 and path[1:2] == self.option[:1] == path[-1:])
        if isinstance(node, Inherit):
            return node.source is not None and self.option[-1] in node.names
        if isinstance(node, Name):
            return node.id == self.option[-1] and node.id not in self.tree.names
        return isinstance(node, Text) and node.parts == (self.option[-1],)

    def _is_condition(self, node: Node, spine: bool) -> bool:
        """Whether what is inside depends on more than that the subject is switched on."""
        if isinstance(node, Assert):
            return not spine
        if isinstance(node, If) or (isinstance(node, Operation) and node.operator in _LOGIC):
            return True
        if isinstance(node, Function):
            return not spine
        if isinstance(node, Apply):
            inner = node.function if isinstance(node.function, Apply) else node
            return function_name(inner) in _CONDITIONS and (dotted(inner.argument) or "") not in self.switches
        return False


def _contains(path: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    return any(path[at : at + len(wanted)] == wanted for at in range(1, len(path)))


_MACHINES = re.compile(r"/(?:proc|sys|dev|run|boot|etc)(?:/|$)")
_ASKS = frozenset({"currentSystem", "getEnv"})
_READERS = frozenset({"readFile", "pathExists", "readDir", "readFileType", "import", "scopedImport", "fileContents"})
_PARTLY = frozenset({"importJSON", "importTOML", "path", "filterSource", "hashFile", "toFile", "source", "cleanSource"})


@dataclass(frozen=True)
class MachineRead:
    """A place that asks the evaluating machine; `certain` is False where it may only name a path for later."""

    where: str
    code: str
    certain: bool


@derived
def machine_reads(facts: Facts) -> tuple[MachineRead, ...]:
    """Every such place in the subject's files; of a host's, in those that speak of the NPU."""
    trees = [tree for tree in nix_files(facts) if facts.subject.host is None or tree.mentions_npu]
    return tuple(dict.fromkeys(read for tree in trees for read in _reads(tree)))


def _reads(tree: NixFile) -> Iterator[MachineRead]:
    read: set[int] = set()
    for node in _outside_defaults(tree.tree):
        name = _asked(node)
        if name:
            yield MachineRead(tree.at(node), name, certain=True)
        reader = function_name(node) if isinstance(node, Apply) else None
        if isinstance(node, Apply) and reader in _READERS | _PARTLY:
            path = _path(tree, node.argument)
            if path and _MACHINES.match(path):
                read |= {id(inner) for inner in node.argument.walk()}
                yield MachineRead(tree.at(node), f"{reader} {path}", certain=reader in _READERS)
        elif isinstance(node, NixPath) and id(node) not in read and _MACHINES.match(_path(tree, node) or ""):
            # Where such a path is turned into text for a unit, it is copied from the machine that evaluates.
            yield MachineRead(tree.at(node), node.literal or "", certain=False)


def _asked(node: Node) -> str | None:
    if isinstance(node, Name) and node.id in {f"__{name}" for name in _ASKS}:
        return node.id
    if isinstance(node, Select):
        written = dotted(node) or ""
        return written if written in {f"builtins.{name}" for name in _ASKS} else None
    if isinstance(node, Inherit) and node.source is not None and dotted(node.source) == "builtins":
        return next((f"builtins.{name}" for name in node.names if name in _ASKS), None)
    return None


def _path(tree: NixFile, node: Node) -> str | None:
    """The path a node comes to as far as it is written here: a literal, a string, a sum of both."""
    if isinstance(node, NixPath):
        return None if node.search else node.literal
    if isinstance(node, Text | Name):
        return tree.text(node)
    if isinstance(node, Operation) and node.operator == "+" and node.left is not None:
        left, right = _path(tree, node.left), _path(tree, node.right)
        return None if left is None or right is None else f"{left.rstrip('/.')}{right}"
    return None


def _outside_defaults(node: Node) -> Iterator[Node]:
    """What may be evaluated: not the defaults of function arguments, which are for use by hand (`system ? …`), and no
    variable that nothing uses.
    """
    yield node
    unused = _unused(node) if isinstance(node, Let) else ()
    for child in node.children():
        if not isinstance(child, Formal) and child not in unused:
            yield from _outside_defaults(child)


def _unused(scope: Let) -> tuple[Node, ...]:
    used = {inner.id for inner in scope.walk() if isinstance(inner, Name)}
    used |= {name for inner in scope.body.walk() if isinstance(inner, Inherit) for name in inner.names}
    return tuple(one for one in scope.entries if isinstance(one, Binding) and one.path[0] not in used)
