"""Where a module's text reads an option: what evaluation of one scenario cannot show is at least written somewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rknn_validation.facts.nix.syntax import (
    Apply,
    Assert,
    Binding,
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
from rknn_validation.facts.recipes.nixtrees import NixTree

_CONDITIONS = frozenset({"mkIf", "optional", "optionals", "optionalAttrs", "optionalString", "mkVMOverride"})
_LOGIC = frozenset({"&&", "||", "->"})


@dataclass(frozen=True)
class Read:
    """A place that may read an option. `conditional`: whether that depends on something evaluated there."""

    where: str
    conditional: bool


def reads(trees: Sequence[NixTree], option: Sequence[str], below: Sequence[str] = ()) -> list[Read]:
    """Every place that may read an option, by its path below `below`, the subject's own, which is switched on.

    A variable that stands for it is followed; one that nothing uses reads nothing.
    """
    return [read for tree in trees for read in _Reader(tree, tuple(option), tuple(below)).found()]


class _Reader:
    def __init__(self, tree: NixTree, option: tuple[str, ...], below: tuple[str, ...]) -> None:
        self.tree = tree
        self.option = option
        own = ".".join(("config", *below, "enable")) if below else ""
        bound = dotted(tree.names["cfg"]) if "cfg" in tree.names else own.removesuffix(".enable")
        self.switches = {own, "cfg.enable" if bound and f"{bound}.enable" == own else own} - {""}
        self.aliases: set[str] = set()

    def found(self) -> list[Read]:
        direct = list(self._walk(self.tree.tree, conditional=False, bound=None, spine=True))
        places = [Read(self.tree.at(node), conditional) for node, conditional, bound in direct if bound is None]
        names = {bound for _, _, bound in direct if bound is not None}
        known: set[str] = set()
        while names - known:
            self.aliases = names - known
            known |= names
            for node, conditional, bound in self._walk(self.tree.tree, conditional=False, bound=None, spine=True):
                if bound is None:
                    places.append(Read(self.tree.at(node), conditional))
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
