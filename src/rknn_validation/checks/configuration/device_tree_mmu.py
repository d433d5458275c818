"""Is every core of the NPU behind an MMU that is really programmed?"""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem
from rknn_validation.facts.devicetree.applied import NpuTree, Unit, booted, npu_tree
from rknn_validation.facts.kernel.source import tree
from rknn_validation.facts.model import Facts
from rknn_validation.npu.stacks import VENDOR

CORES = 3


@check(
    "device-tree.one-mmu-serves-every-core",
    stage="device-tree",
    title="the vendor's node has one MMU, with the register banks of every core",
    remedy="Give &rknn_mmu_0 the banks fdab9000, fdaba000, fdaca000 and fdada000 in reg, disable the other two MMUs, "
    "and write iommus = <&rknn_mmu_0>; as Rockchip's own trees have it.",
    good="one MMU with the banks of every core",
    nothing="no overlay of the subject describes the vendor's node",
    stacks=("vendor",),
)
def one_mmu_serves_every_core(facts: Facts) -> Iterator[Finding]:
    """Mainline's MMU driver (rk_iommu_of_xlate) keeps one MMU for a device, the last of `iommus`.

    Cores whose MMU is not programmed reach memory by addresses that were meant to be translated: wrong results, or
    somebody else's memory overwritten.
    """
    if not tree(facts).is_mainline:
        yield Aside("a kernel of the vendor's brings device trees and an MMU driver of its own")
        return
    for board in booted(facts):
        found = npu_tree(facts, board)
        for core in found.bound_by(VENDOR.node_compatible) if found else ():
            if found is not None:
                yield from _judged(found, core)


def _judged(found: NpuTree, core: Unit) -> Iterator[Finding]:
    seen = f"iommus = {', '.join(core.mmus)}"
    if not core.mmus:
        yield Aside("no overlay says which MMU the node has: without one the driver wants contiguous memory")
    elif len(core.mmus) > 1:
        what = f"of {len(core.mmus)} MMUs only {core.mmus[-1]} is programmed; the other cores bypass theirs"
        yield Problem(core.path, what, seen)
    elif core.mmus[0] in found.mmus and found.mmus[core.mmus[0]].banks < CORES:
        what = f"{core.mmus[0]} has the registers of one core; the other cores bypass their MMUs"
        yield Problem(core.path, what, seen)
    else:
        yield Fine(core.path, seen)
