"""Does the board's mainline tree enable the NPU, or does somebody else?"""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem, Unsure
from rknn_validation.facts.devicetree.applied import NpuTree, npu_tree
from rknn_validation.facts.devicetree.overlays import overlays
from rknn_validation.facts.kernel.source import tree
from rknn_validation.facts.model import Facts
from rknn_validation.npu import trees
from rknn_validation.npu.boards import board_of_dtb
from rknn_validation.npu.stacks import MAINLINE


@check(
    "device-tree.mainline-nodes-are-enabled",
    stage="device-tree",
    title="the board's device tree enables the cores and MMUs that rocket binds",
    remedy='Add an overlay that sets status = "okay" on rknn_core_0 to 2 and rknn_mmu_0 to 2 and names the board\'s '
    "regulator (npu-supply, sram-supply), or take a kernel whose tree of this board does.",
    good="the tree enables the NPU",
    stacks=("mainline",),
)
def mainline_nodes_are_enabled(facts: Facts) -> Iterator[Finding]:
    """Mainline describes the NPU for every RK3588 board and enables it for some: on others rocket finds nothing."""
    name, source = facts.configuration.device_tree.name, tree(facts)
    board = board_of_dtb(name) if name else None
    if name is None:
        yield Aside("hardware.deviceTree.name is not set: the boot loader or firmware chooses the tree")
        return
    found = npu_tree(facts, board) if board else None
    if found is None or board is None or not source.is_mainline:
        yield Aside(f"what {name} of {source.label} says of the NPU is not known here")
        return
    yield from _judged(facts, found, trees.name_of(name))


def _judged(facts: Facts, found: NpuTree, name: str) -> Iterator[Finding]:
    version, since = facts.configuration.kernel.version, trees.enabled_in(name)
    states = {core.enabled for core in found.bound_by(MAINLINE.node_compatible)}
    unread = [one for one in overlays(facts) if one.compiled.root is None]
    where = "hardware.deviceTree.name"
    if True in states:
        yield Fine(where, f"{name} in {version}" + (f", with {', '.join(found.changed)}" if found.changed else ""))
    elif unread:
        yield Unsure(
            unread[0].name, f"whether an overlay enables the NPU of {name} is not known", unread[0].compiled.unknown
        )
    elif None in states:
        told = f"the tree enables the NPU in {since}" if since else f"no mainline tree {name} is known here"
        yield Unsure(where, f"{told}; whether in {version} is not known", name)
    elif since and not found.changed:
        yield Problem(where, f"the tree enables the NPU in {since}, and not in {version}: rocket binds nothing", name)
    else:
        yield Problem(where, "this board's tree leaves the NPU disabled: rocket binds nothing", name)
