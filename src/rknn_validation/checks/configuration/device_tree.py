"""Device trees and overlays: do they compile, apply to the boards, and describe the NPU for the stack's driver?"""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem, Unsure
from rknn_validation.facts.devicetree.applied import (
    NpuNode,
    NpuTree,
    applies_to,
    booted_boards,
    built_names,
    is_built,
    is_npu_node,
    npu_tree,
)
from rknn_validation.facts.devicetree.overlays import VENDOR_LABELS, Overlay, mainline_labels, overlays, own_overlays
from rknn_validation.facts.kernel.drivers import vendor_driver
from rknn_validation.facts.kernel.source import Origin, kernel_source
from rknn_validation.facts.model import Facts
from rknn_validation.npu import devicetrees
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.boards import RK3588_COMPATIBLES, Board, board_of_dtb
from rknn_validation.npu.stacks import MAINLINE, STACKS, VENDOR
from rknn_validation.npu.symbols import Presence

NO_OVERLAY = "the subject adds no overlay"


def npu_overlays(facts: Facts) -> tuple[Overlay, ...]:
    """The subject's overlays about the NPU, and those that cannot be read, which may be."""
    return tuple(one for one in own_overlays(facts) if one.is_about_npu or one.compiled.root is None)


@check(
    "device-tree.overlays-compile",
    "Device-tree overlays compile",
    remedy="Begin the source with /dts-v1/; and /plugin/; and close every brace and statement; dtc -@ compiles it.",
    nothing=NO_OVERLAY,
)
def overlays_compile(facts: Facts) -> Iterator[Finding]:
    """The build compiles overlays with dtc; without /plugin/ they cannot use labels of the board's tree."""
    for one in own_overlays(facts):
        if one.compiled.complaint:
            yield Problem(one.name, "the overlay does not compile", one.compiled.complaint)
        elif one.compiled.unknown:
            if about_npu(one.name):
                yield Unsure(
                    one.name, "it is unknown whether the overlay compiles and what it changes", one.compiled.unknown
                )
        else:
            yield Fine(one.name)


@check(
    "device-tree.overlays-apply",
    "Device-tree overlays apply to the scenario's boards",
    remedy='Set compatible = "rockchip,rk3588"; in the overlay, and remove the filter or use a part of the DTB\'s '
    "path (rk3588): a filter is plain text, not a pattern.",
    nothing=NO_OVERLAY,
)
def overlays_apply(facts: Facts) -> Iterator[Finding]:
    """NixOS skips an overlay whose compatible does not match the DTB's, and reports it only in the build log."""
    boards = [board for board in facts.scenario.identities() if board.is_rk3588]
    for one in npu_overlays(facts):
        skipped = list(_skipped_by_all(one, facts, boards))
        yield from (
            Problem(one.name, "the overlay is not applied to the device trees of these boards", why) for why in skipped
        )
        if not skipped:
            yield Fine(one.name)
    about = [one for one in own_overlays(facts) if one.is_about_npu]
    readable = all(one.compiled.root for one in own_overlays(facts))
    # Each SoC may have its own overlay, as long as every board gets one.
    for board in booted_boards(facts) if about and readable else ():
        if not any(set(one.compatible) & set(board.compatible) for one in about):
            told = "; ".join(f"{one.name}: {', '.join(one.compatible)}" for one in about)
            yield Problem(board.name, f"no overlay of the NPU is applied to the device tree of {board.name}", told)


def _skipped_by_all(overlay: Overlay, facts: Facts, boards: list[Board]) -> Iterator[str]:
    """Why an overlay applies to none of the boards, nor to any other with the NPU."""
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
    "device-tree.overlays-enabled",
    "Device trees are built, so overlays take effect",
    remedy="Set hardware.deviceTree.enable = true, and let hardware.deviceTree.filter include the board.",
    nothing=NO_OVERLAY,
)
def overlays_built(facts: Facts) -> Iterator[Finding]:
    """With hardware.deviceTree.enable = false, or a filter that excludes the board, overlays are never applied."""
    device_tree = facts.configuration.device_tree
    if device_tree.enable and device_tree.filter != facts.without.device_tree.filter and not built_names(facts):
        what = "hardware.deviceTree.filter excludes the trees of these boards"
        yield Problem("hardware.deviceTree.filter", what, device_tree.filter or "")
        return
    for one in npu_overlays(facts):
        if not device_tree.enable:
            yield Problem(one.name, "hardware.deviceTree.enable is false: no overlay is applied")
        else:
            yield Fine(one.name)


@check(
    "device-tree.compatible-matches-driver",
    "Overlays describe the NPU for the stack's driver",
    remedy="Use the compatible that the driver binds: rockchip,rk3588-rknpu (vendor, one node) or "
    "rockchip,rk3588-rknn-core (mainline, three nodes).",
    nothing="no overlay of the subject is about the NPU",
)
def describes_the_npu(facts: Facts) -> Iterator[Finding]:
    """Each driver binds its own compatible; with that of the other stack the module loads and binds nothing."""
    stack = STACKS[facts.scenario.stack]
    about = [one for one in own_overlays(facts) if one.is_about_npu]
    named = {name: text for text, one in ((one.name, one) for one in about) for name in _npu_compatibles(one)}
    if named and stack.node_compatible not in named:
        for name, where in named.items():
            yield Problem(where, f"no node is for {stack.module}, which binds {stack.node_compatible}", name)
        return
    for one in about:
        units = [change for change in one.changes if is_npu_node(change.path)]
        off = bool(units) and all("status" in unit.node.properties and not unit.node.enabled for unit in units)
        if off and stack.name == "mainline":
            yield Problem(one.name, "the overlay disables the NPU's nodes", 'status = "disabled"')
        else:
            yield Fine(one.name, ", ".join(sorted(_npu_compatibles(one))) or "nodes by label")


def _npu_compatibles(overlay: Overlay) -> set[str]:
    """The compatibles of NPU cores that an overlay gives to nodes."""
    every = {name for change in overlay.changes for name in change.node.compatible}
    return {name for name in every if about_npu(name) and "iommu" not in name}


@check(
    "device-tree.npu-nodes-enabled",
    "The overlay enables the nodes that the stack's driver binds",
    remedy='Set status = "okay" on the driver\'s node and on its MMU.',
    nothing="no overlay of the subject describes the NPU",
)
def nodes_are_on(facts: Facts) -> Iterator[Finding]:
    """With a disabled node the driver loads but no device appears; with a disabled MMU open() fails with ENODEV."""
    stack, own = STACKS[facts.scenario.stack], {one.name for one in own_overlays(facts)}
    for board in booted_boards(facts):
        found = npu_tree(facts, board)
        if found is None or not own & set(found.changed):
            continue
        cores = [one for one in found.cores.values() if stack.node_compatible in one.compatible]
        on = [one for one in cores if one.enabled is not False]
        if cores and not on and stack is VENDOR:
            yield Problem(cores[0].path, f"the NPU of {board.name} stays disabled: no driver binds it")
        for core in on:
            yield from _behind(found, core)


def _behind(found: NpuTree, core: NpuNode) -> Iterator[Finding]:
    off = [path for path in core.mmus if path in found.mmus and found.mmus[path].enabled is False]
    for path in off:
        if core.enabled:
            yield Problem(path, f"the MMU of {core.path} is disabled on {found.board.name}: the NPU cannot be opened")
    if not off:
        yield Fine(core.path, found.board.name)


@check(
    "device-tree.vendor-driver-can-bind",
    "The device tree has a node for the out-of-tree driver",
    remedy="Add an overlay that puts npu@fdab0000 with compatible rockchip,rk3588-rknpu into the board's tree and "
    "disables the rknn-core nodes of mainline; Rockchip's own kernels include such trees.",
    nothing="the device tree comes with the kernel that brings the driver",
    stacks=("vendor",),
)
def vendor_driver_can_bind(facts: Facts) -> Iterator[Finding]:
    """Mainline's device trees describe the NPU for rocket: rknpu loads into a stock kernel and binds nothing."""
    source, driver = kernel_source(facts), vendor_driver(facts)
    if not source.is_mainline or driver.has is not Presence.YES:
        return
    unread = [one for one in overlays(facts) if one.compiled.root is None]
    for board in booted_boards(facts):
        found = npu_tree(facts, board)
        if found is None or found.bound_by(VENDOR.node_compatible):
            yield Fine(board.name, ", ".join(found.changed) if found else "")
        elif _told_elsewhere(facts, board, found):
            yield Aside("an overlay that describes the NPU has no effect: see the other device-tree checks")
        elif unread:
            why = f"it is unknown whether the device tree of {board.name} gets a node for rknpu"
            yield Unsure(unread[0].name, why, unread[0].compiled.unknown or unread[0].compiled.complaint)
        else:
            what = "the module loads but binds nothing: the device tree has no node for the vendor's driver"
            told = f"{driver.why}; the tree of {board.name} in {source.label} has no {VENDOR.node_compatible}"
            yield Problem("hardware.deviceTree", what, told)


def _told_elsewhere(facts: Facts, board: Board, found: NpuTree) -> bool:
    """Whether there is an overlay for the NPU, and another check says why the driver cannot bind."""
    about = [one for one in overlays(facts) if one.is_about_npu]
    names = {name for one in about for change in one.changes for name in change.node.compatible if about_npu(name)}
    switched_off = any(VENDOR.node_compatible in one.compatible for one in found.cores.values())
    elsewhere = not is_built(facts, board) or not any(applies_to(one, board) for one in about)
    broken = any(one.compiled.complaint for one in overlays(facts))
    return broken or (bool(about) and (elsewhere or switched_off or bool(names - {VENDOR.node_compatible})))


@check(
    "device-tree.labels-exist",
    "Labels that overlays use exist in the device tree",
    remedy="Use the labels of the kernel's trees: rknn_core_0 to rknn_core_2 and rknn_mmu_0 to rknn_mmu_2 "
    "(mainline), rknpu and rknpu_mmu (Rockchip's own kernels).",
    nothing="no overlay of the subject names the NPU's nodes by label",
)
def labels_exist(facts: Facts) -> Iterator[Finding]:
    """An overlay that uses an unknown label cannot be applied, and the build of the device trees fails."""
    source = kernel_source(facts)
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


@check(
    "device-tree.mainline-npu-enabled",
    "The board's device tree enables the nodes that rocket binds",
    remedy='Add an overlay that sets status = "okay" on rknn_core_0 to 2 and rknn_mmu_0 to 2 and names the board\'s '
    "regulator (npu-supply, sram-supply), or use a kernel whose tree of this board enables them.",
    stacks=("mainline",),
)
def mainline_nodes_are_enabled(facts: Facts) -> Iterator[Finding]:
    """Mainline describes the NPU on every RK3588 board but enables it only on some: elsewhere rocket binds nothing."""
    name, source = facts.configuration.device_tree.name, kernel_source(facts)
    board = board_of_dtb(name) if name else None
    if name is None:
        yield Aside("hardware.deviceTree.name is not set: the boot loader or firmware chooses the tree")
        return
    found = npu_tree(facts, board) if board else None
    if found is None or board is None or not source.is_mainline:
        yield Aside(f"it is unknown how {name} of {source.label} describes the NPU")
        return
    yield from _enabled_in_mainline(facts, found, devicetrees.name_of(name))


def _enabled_in_mainline(facts: Facts, found: NpuTree, name: str) -> Iterator[Finding]:
    version, since = facts.configuration.kernel.version, devicetrees.enabled_in(name)
    states = {core.enabled for core in found.bound_by(MAINLINE.node_compatible)}
    unread = [one for one in overlays(facts) if one.compiled.root is None]
    where = "hardware.deviceTree.name"
    if True in states:
        yield Fine(where, f"{name} in {version}" + (f", with {', '.join(found.changed)}" if found.changed else ""))
    elif unread:
        yield Unsure(
            unread[0].name, f"it is unknown whether an overlay enables the NPU of {name}", unread[0].compiled.unknown
        )
    elif None in states:
        told = f"the tree enables the NPU in {since}" if since else f"no mainline tree {name} is known here"
        yield Unsure(where, f"{told}; it is unknown whether it does in {version}", name)
    elif since and not found.changed:
        yield Problem(where, f"the tree enables the NPU in {since}, but not in {version}: rocket binds nothing", name)
    else:
        yield Problem(where, "this board's tree leaves the NPU disabled: rocket binds nothing", name)


CORES = 3


@check(
    "device-tree.one-mmu-for-all-cores",
    "The vendor's NPU node has one MMU with the registers of every core",
    remedy="Give &rknn_mmu_0 the register banks fdab9000, fdaba000, fdaca000 and fdada000 in reg, disable the other "
    "two MMUs, and write iommus = <&rknn_mmu_0>, as Rockchip's own trees do.",
    nothing="no overlay of the subject describes the vendor's node",
    stacks=("vendor",),
)
def one_mmu_serves_every_core(facts: Facts) -> Iterator[Finding]:
    """Mainline's MMU driver (rk_iommu_of_xlate) keeps one MMU for a device, the last of `iommus`.

    Cores whose MMU is not programmed access memory at untranslated addresses: results are wrong, or other memory is
    overwritten.
    """
    if not kernel_source(facts).is_mainline:
        yield Aside("the vendor's kernel has its own device trees and MMU driver")
        return
    for board in booted_boards(facts):
        found = npu_tree(facts, board)
        for core in found.bound_by(VENDOR.node_compatible) if found else ():
            if found is not None:
                yield from _mmu_of(found, core)


def _mmu_of(found: NpuTree, core: NpuNode) -> Iterator[Finding]:
    seen = f"iommus = {', '.join(core.mmus)}"
    if not core.mmus:
        yield Aside("no overlay sets the node's MMU: without one the driver needs contiguous memory")
    elif len(core.mmus) > 1:
        what = f"of {len(core.mmus)} MMUs only {core.mmus[-1]} is programmed; the other cores bypass theirs"
        yield Problem(core.path, what, seen)
    elif core.mmus[0] in found.mmus and found.mmus[core.mmus[0]].banks < CORES:
        what = f"{core.mmus[0]} has the registers of one core; the other cores bypass their MMUs"
        yield Problem(core.path, what, seen)
    else:
        yield Fine(core.path, seen)
