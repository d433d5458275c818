"""The NPU's nodes in the device tree a board boots with: the kernel's own tree with the overlays applied."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, replace

from rknn_validation.facts.devicetree.overlays import NodeChange, Overlay, overlays
from rknn_validation.facts.kernel.source import Origin, kernel_source
from rknn_validation.facts.model import Facts
from rknn_validation.npu import devicetrees
from rknn_validation.npu.boards import Board
from rknn_validation.npu.stacks import MAINLINE, VENDOR

_MMUS = ("/iommu@fdab9000", "/iommu@fdaca000", "/iommu@fdada000")
_BANK = 4
"""Cells of one register bank: address and size, two each."""


@dataclass(frozen=True)
class NpuNode:
    """A core or an MMU. `enabled` is None where that is not known; `banks` are how many register banks it has.

    `mmus` are the paths (or `&label`) of the MMUs in front of a core.
    """

    path: str
    compatible: tuple[str, ...]
    enabled: bool | None
    banks: int
    mmus: tuple[str, ...] = ()


@dataclass(frozen=True)
class NpuTree:
    """The NPU of one board's tree: its `cores` and `mmus` by path. `changed` are the overlays with a part in it."""

    board: Board
    cores: dict[str, NpuNode]
    mmus: dict[str, NpuNode]
    changed: tuple[str, ...]

    def bound_by(self, compatible: str) -> tuple[NpuNode, ...]:
        """The cores that a driver of that compatible may bind: all that are not switched off."""
        return tuple(one for one in self.cores.values() if compatible in one.compatible and one.enabled is not False)


def applies_to(overlay: Overlay, board: Board) -> bool:
    """Whether NixOS applies an overlay to the tree of a board: by its compatible, and its filter if it has one."""
    fits = not overlay.compatible or bool(set(overlay.compatible) & set(board.compatible))
    return fits and (not overlay.filter or overlay.filter in board.dtb)


def is_built(facts: Facts, board: Board) -> bool:
    """Whether overlays are applied to the board's tree at all."""
    device_tree = facts.configuration.device_tree
    name = board.dtb.rsplit("/", 1)[-1]
    return device_tree.enable and (not device_tree.filter or fnmatch.fnmatchcase(name, device_tree.filter))


def npu_tree(facts: Facts, board: Board) -> NpuTree | None:
    """The NPU's nodes of the tree that a board boots with; None where the kernel's own tree is not known."""
    base = _base(facts, board)
    if base is None or not is_built(facts, board):
        return base
    for overlay in overlays(facts):
        if overlay.compiled.root is not None and applies_to(overlay, board):
            base = _with(base, overlay)
    return base


def _base(facts: Facts, board: Board) -> NpuTree | None:
    source, version = kernel_source(facts), facts.configuration.kernel.version
    if source.origin is Origin.VENDOR:
        mmu = NpuNode(_MMUS[0], (), None, 4)
        core = NpuNode("/npu@fdab0000", (VENDOR.node_compatible,), None, 3, (mmu.path,))
        return NpuTree(board, {core.path: core}, {mmu.path: mmu}, ())
    if not source.is_mainline:
        return None
    enabled = devicetrees.enables_npu(devicetrees.name_of(board.dtb), version)
    if not devicetrees.describes_npu(version):
        return NpuTree(board, {}, {}, ())
    paths = [f"/npu@{address:x}" for address in MAINLINE.node_addresses]
    cores = {
        path: NpuNode(path, (MAINLINE.node_compatible,), enabled, 3, (mmu,))
        for path, mmu in zip(paths, _MMUS, strict=True)
    }
    return NpuTree(board, cores, {path: NpuNode(path, (), enabled, 1) for path in _MMUS}, ())


def _with(base: NpuTree, overlay: Overlay) -> NpuTree:
    cores, mmus, touched = dict(base.cores), dict(base.mmus), False
    for change in overlay.changes:
        if change.path in mmus:
            mmus[change.path] = _changed(mmus[change.path], change)
        elif change.path in cores or _is_core(change):
            cores[change.path] = _changed(cores.get(change.path) or NpuNode(change.path, (), True, 0), change)
        else:
            continue
        touched = True
    changed = (*base.changed, overlay.name) if touched else base.changed
    return replace(base, cores=cores, mmus=mmus, changed=changed)


def _is_core(change: NodeChange) -> bool:
    return bool({VENDOR.node_compatible, MAINLINE.node_compatible} & set(change.node.compatible))


def _changed(unit: NpuNode, change: NodeChange) -> NpuNode:
    node = change.node
    # Whose MMUs a node made over for another driver keeps is not judged: only what the overlay itself says of them.
    made_over = bool(node.compatible) and node.compatible != unit.compatible
    kept = () if made_over else unit.mmus
    return replace(
        unit,
        compatible=node.compatible or unit.compatible,
        enabled=node.enabled if "status" in node.properties else unit.enabled,
        banks=len(node.cells("reg")) // _BANK if "reg" in node.properties else unit.banks,
        mmus=change.refers.get("iommus", ()) if "iommus" in node.properties else kept,
    )


def is_npu_node(path: str) -> bool:
    """Whether a path is that of a core or of an MMU of the NPU."""
    return path in _MMUS or path.removeprefix("/npu@") in {f"{address:x}" for address in MAINLINE.node_addresses}


def booted_boards(facts: Facts) -> tuple[Board, ...]:
    """The RK3588 boards whose trees are booted: a tree that is named is, whatever the board."""
    boards = tuple(board for board in facts.scenario.identities() if board.is_rk3588)
    name = facts.configuration.device_tree.name
    return tuple(board for board in boards if name in (None, board.dtb)) if name else boards


def built_names(facts: Facts) -> tuple[str, ...]:
    """The trees of the scenario's boards, and the one that is named, that hardware.deviceTree.filter leaves in."""
    device_tree = facts.configuration.device_tree
    boards = (board.dtb for board in facts.scenario.identities() if board.is_rk3588)
    names = [one.rsplit("/", 1)[-1] for one in (*boards, device_tree.name or "") if one]
    return tuple(one for one in names if not device_tree.filter or fnmatch.fnmatchcase(one, device_tree.filter))
