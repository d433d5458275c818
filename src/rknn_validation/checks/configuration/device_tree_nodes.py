"""Does the tree that is booted have a node for the stack's driver, switched on, with its MMU?"""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem, Unsure
from rknn_validation.facts.devicetree.applied import NpuTree, Unit, booted, is_built, npu_tree, reaches
from rknn_validation.facts.devicetree.overlays import VENDOR_LABELS, mainline_labels, overlays, own_overlays
from rknn_validation.facts.kernel.drivers import vendor_driver
from rknn_validation.facts.kernel.source import Origin, tree
from rknn_validation.facts.model import Facts
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.boards import Board
from rknn_validation.npu.stacks import STACKS, VENDOR
from rknn_validation.npu.symbols import Presence


@check(
    "device-tree.npu-nodes-are-switched-on",
    stage="device-tree",
    title="the overlay switches on the nodes that the stack's driver binds",
    remedy='Give the node of the driver and the MMU in front of it status = "okay".',
    good="the nodes are on",
    nothing="no overlay of the subject describes the NPU",
)
def nodes_are_on(facts: Facts) -> Iterator[Finding]:
    """A disabled node is no device: the driver loads and nothing appears; behind a disabled MMU open() is ENODEV."""
    stack, own = STACKS[facts.scenario.stack], {one.name for one in own_overlays(facts)}
    for board in booted(facts):
        found = npu_tree(facts, board)
        if found is None or not own & set(found.changed):
            continue
        cores = [one for one in found.cores.values() if stack.node_compatible in one.compatible]
        on = [one for one in cores if one.enabled is not False]
        if cores and not on and stack is VENDOR:
            yield Problem(cores[0].path, f"the NPU of {board.name} stays switched off: no driver binds it")
        for core in on:
            yield from _behind(found, core)


def _behind(found: NpuTree, core: Unit) -> Iterator[Finding]:
    off = [path for path in core.mmus if path in found.mmus and found.mmus[path].enabled is False]
    for path in off:
        if core.enabled:
            yield Problem(path, f"the MMU of {core.path} is switched off on {found.board.name}: it cannot be opened")
    if not off:
        yield Fine(core.path, found.board.name)


@check(
    "device-tree.vendor-driver-can-bind",
    stage="device-tree",
    title="the out-of-tree driver finds a node to bind",
    remedy="Add an overlay that puts npu@fdab0000 with compatible rockchip,rk3588-rknpu into the board's tree and "
    "disables mainline's rknn-core nodes; Rockchip's own kernels ship such trees.",
    good="the tree has the vendor's node",
    nothing="the device tree comes with the kernel that brings the driver",
    stacks=("vendor",),
)
def vendor_driver_can_bind(facts: Facts) -> Iterator[Finding]:
    """Mainline's device trees describe the NPU for rocket: rknpu loads into a stock kernel and binds nothing."""
    source, driver = tree(facts), vendor_driver(facts)
    if not source.is_mainline or driver.has is not Presence.YES:
        return
    unread = [one for one in overlays(facts) if one.compiled.root is None]
    for board in booted(facts):
        found = npu_tree(facts, board)
        if found is None or found.bound_by(VENDOR.node_compatible):
            yield Fine(board.name, ", ".join(found.changed) if found else "")
        elif _told_elsewhere(facts, board, found):
            yield Aside("an overlay that describes the NPU does not come to effect: see the other checks of it")
        elif unread:
            why = f"whether the device tree of {board.name} gets a node for rknpu is not known"
            yield Unsure(unread[0].name, why, unread[0].compiled.unknown or unread[0].compiled.complaint)
        else:
            what = "the module loads and nothing binds: no device tree here has the vendor's node"
            told = f"{driver.why}; the tree of {board.name} in {source.label} has no {VENDOR.node_compatible}"
            yield Problem("hardware.deviceTree", what, told)


def _told_elsewhere(facts: Facts, board: Board, found: NpuTree) -> bool:
    """Whether an overlay for the NPU is there, and another check says why it gives the driver nothing to bind."""
    about = [one for one in overlays(facts) if one.is_about_npu]
    names = {name for one in about for change in one.changes for name in change.node.compatible if about_npu(name)}
    switched_off = any(VENDOR.node_compatible in one.compatible for one in found.cores.values())
    elsewhere = not is_built(facts, board) or not any(reaches(one, board) for one in about)
    broken = any(one.compiled.complaint for one in overlays(facts))
    return broken or (bool(about) and (elsewhere or switched_off or bool(names - {VENDOR.node_compatible})))


@check(
    "device-tree.labels-exist",
    stage="device-tree",
    title="the overlay names the NPU's nodes by labels the tree has",
    remedy="Mainline's trees have rknn_core_0 to rknn_core_2 and rknn_mmu_0 to rknn_mmu_2; rknpu and rknpu_mmu are "
    "those of Rockchip's own kernels.",
    good="the kernel's trees have these labels",
    nothing="no overlay of the subject names the NPU's nodes by label",
)
def labels_exist(facts: Facts) -> Iterator[Finding]:
    """An overlay that names a label of no node cannot be applied: building the device trees stops."""
    source = tree(facts)
    if source.origin is Origin.UNKNOWN:
        yield Aside("the labels of this kernel's trees are not known here")
        return
    known = VENDOR_LABELS if source.origin is Origin.VENDOR else mainline_labels()
    for overlay in own_overlays(facts):
        for label in sorted(one for one in overlay.labels if one.startswith(("rknn", "rknpu", "npu"))):
            if label in known:
                yield Fine(overlay.name, f"&{label}")
            elif label.startswith(("rknn", "rknpu")):
                what = f"the trees of {source} have no label {label}: the overlay cannot be applied"
                yield Problem(overlay.name, what, f"&{label}")
