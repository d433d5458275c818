"""Do the device-tree overlays reach this board, and do they describe the stack's NPU?"""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem, Unsure
from rknn_validation.facts.devicetree.applied import booted, built_names, is_unit
from rknn_validation.facts.devicetree.overlays import Overlay, own_overlays
from rknn_validation.facts.model import Facts
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.boards import RK3588_COMPATIBLES, Board
from rknn_validation.npu.stacks import STACKS

NO_OVERLAY = "the subject adds no overlay"


def npu_overlays(facts: Facts) -> tuple[Overlay, ...]:
    """The subject's overlays about the NPU; what cannot be read may be."""
    return tuple(one for one in own_overlays(facts) if one.is_about_npu or one.compiled.root is None)


@check(
    "device-tree.overlays-compile",
    stage="device-tree",
    title="every overlay is the source of an overlay",
    remedy="Begin with /dts-v1/; and /plugin/; and close every brace and statement: dtc -@ compiles it.",
    good="dtc compiles it",
    nothing=NO_OVERLAY,
)
def overlays_compile(facts: Facts) -> Iterator[Finding]:
    """dtc compiles overlays when the system is built; without /plugin/ no label of the board can be named."""
    for one in own_overlays(facts):
        if one.compiled.complaint:
            yield Problem(one.name, "the overlay does not compile", one.compiled.complaint)
        elif one.compiled.unknown:
            if about_npu(one.name):
                yield Unsure(
                    one.name, "whether the overlay compiles, and what it changes, is not known", one.compiled.unknown
                )
        else:
            yield Fine(one.name)


@check(
    "device-tree.overlays-apply-to-this-board",
    stage="device-tree",
    title="overlays apply to the scenario's boards",
    remedy='Give the overlay compatible = "rockchip,rk3588"; and no filter, or one that is part of the DTB\'s path '
    "(rk3588): a filter is plain text there, not a pattern.",
    nothing=NO_OVERLAY,
)
def overlays_apply(facts: Facts) -> Iterator[Finding]:
    """NixOS skips an overlay whose compatible shares nothing with the DTB's, and says so only in the build log."""
    boards = [board for board in facts.scenario.identities() if board.is_rk3588]
    for one in npu_overlays(facts):
        skipped = list(_skipped_by_all(one, facts, boards))
        yield from (
            Problem(one.name, "the overlay is applied to no device tree of these boards", why) for why in skipped
        )
        if not skipped:
            yield Fine(one.name)
    about = [one for one in own_overlays(facts) if one.is_about_npu]
    readable = all(one.compiled.root for one in own_overlays(facts))
    # One overlay for each SoC is fine, as long as every board is somebody's.
    for board in booted(facts) if about and readable else ():
        if not any(set(one.compatible) & set(board.compatible) for one in about):
            told = "; ".join(f"{one.name}: {', '.join(one.compatible)}" for one in about)
            yield Problem(board.name, f"no overlay of the NPU is applied to the device tree of {board.name}", told)


def _skipped_by_all(overlay: Overlay, facts: Facts, boards: list[Board]) -> Iterator[str]:
    """Why an overlay reaches none of the boards, nor any other with the NPU."""
    trees = [board.dtb for board in boards]
    if overlay.filter and not any(
        overlay.filter in one for one in (facts.configuration.device_tree.name or "", *trees)
    ):
        yield f'filter "{overlay.filter}" is in none of {", ".join(trees)}'
    if overlay.compiled.root is None:
        return
    if not overlay.compatible:
        yield "its root has no compatible"
    elif not set(overlay.compatible) & (RK3588_COMPATIBLES | {name for board in boards for name in board.compatible}):
        yield f"compatible = {', '.join(overlay.compatible)}"


@check(
    "device-tree.overlays-are-built",
    stage="device-tree",
    title="device trees are built, so that overlays count",
    remedy="Set hardware.deviceTree.enable = true, and let hardware.deviceTree.filter include the board.",
    good="device trees are built",
    nothing=NO_OVERLAY,
)
def overlays_built(facts: Facts) -> Iterator[Finding]:
    """With hardware.deviceTree.enable = false, or a filter that drops the board, overlays are never applied."""
    device_tree = facts.configuration.device_tree
    if device_tree.enable and device_tree.filter != facts.without.device_tree.filter and not built_names(facts):
        what = "hardware.deviceTree.filter leaves these boards' trees out"
        yield Problem("hardware.deviceTree.filter", what, device_tree.filter or "")
        return
    for one in npu_overlays(facts):
        if not device_tree.enable:
            yield Problem(one.name, "hardware.deviceTree.enable is false: no overlay is applied")
        else:
            yield Fine(one.name)


@check(
    "device-tree.describes-the-stack-s-npu",
    stage="device-tree",
    title="overlays describe the NPU as the stack's driver expects it",
    remedy="The vendor's driver binds rockchip,rk3588-rknpu (one node), rocket rockchip,rk3588-rknn-core (three).",
    good="as the stack's driver expects it",
    nothing="no overlay of the subject speaks of the NPU",
)
def describes_the_npu(facts: Facts) -> Iterator[Finding]:
    """Each driver binds its own compatible; with the other stack's the module loads and nothing happens."""
    stack = STACKS[facts.scenario.stack]
    about = [one for one in own_overlays(facts) if one.is_about_npu]
    named = {name: text for text, one in ((one.name, one) for one in about) for name in _npu_compatibles(one)}
    if named and stack.node_compatible not in named:
        for name, where in named.items():
            yield Problem(where, f"no node is for {stack.module}, which binds {stack.node_compatible}", name)
        return
    for one in about:
        units = [change for change in one.changes if is_unit(change.path)]
        off = bool(units) and all("status" in unit.node.properties and not unit.node.enabled for unit in units)
        if off and stack.name == "mainline":
            yield Problem(one.name, "the overlay switches the NPU's nodes off", 'status = "disabled"')
        else:
            yield Fine(one.name, ", ".join(sorted(_npu_compatibles(one))) or "nodes by label")


def _npu_compatibles(overlay: Overlay) -> set[str]:
    """The compatibles of NPU cores that an overlay gives to nodes."""
    every = {name for change in overlay.changes for name in change.node.compatible}
    return {name for name in every if about_npu(name) and "iommu" not in name}
