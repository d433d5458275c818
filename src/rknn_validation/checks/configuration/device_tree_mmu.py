"""Is every core of the NPU behind an MMU that is really programmed?"""

from __future__ import annotations

import re

from rknn_validation.checks.configuration.device_tree import own_overlays, text_of
from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.kernel.source import tree as kernel_tree
from rknn_validation.facts.model import Facts
from rknn_validation.npu.stacks import VENDOR

CORES = 3


@CONFIGURATION_CHECKS.check(
    "device-tree.one-mmu-serves-every-core",
    stage="device-tree",
    title="the vendor's node has one MMU, with the register banks of every core",
    remedy="Give &rknn_mmu_0 the banks fdab9000, fdaba000, fdaca000 and fdada000 in reg, disable the other two MMUs, "
    "and write iommus = <&rknn_mmu_0>; as Rockchip's own trees have it.",
    stacks=("vendor",),
)
def one_mmu_serves_every_core(facts: Facts) -> Answer:
    """Mainline's MMU driver (rk_iommu_of_xlate) keeps one MMU for a device, the last of `iommus`.

    Cores whose MMU is not programmed reach memory by addresses that were meant to be translated: wrong results, or
    somebody else's memory overwritten.
    """
    if not kernel_tree(facts).is_mainline:
        return skipped("a kernel of the vendor's brings device trees and an MMU driver of its own")
    texts = {one.name: text for one in own_overlays(facts) if (text := text_of(one)) is not None}
    about = {name: text for name, text in texts.items() if VENDOR.node_compatible in text}
    if not about:
        return skipped("no overlay of the subject describes the vendor's node")
    found = {name: match[1] for name, text in about.items() if (match := re.search(r"\biommus\s*=\s*([^;]*);", text))}
    if not found:
        return skipped("the node has no iommus: the driver then wants contiguous memory")
    shown = [Evidence(name, f"iommus = {' '.join(value.split())}") for name, value in found.items()]
    for name, value in found.items():
        mmus = re.findall(r"&(\w+)", value)
        if len(mmus) > 1:
            return failed(f"of {len(mmus)} MMUs only {mmus[-1]} is programmed; the other cores bypass theirs", *shown)
        if mmus and re.fullmatch(r"rknn_mmu_\d", mmus[0]) and _banks(about[name], mmus[0]) < CORES:
            return failed(f"{mmus[0]} has the registers of one core; the other cores bypass their MMUs", *shown)
    return passed("one MMU with the banks of every core", *shown)


def _banks(text: str, label: str) -> int:
    """How many register banks the overlay gives the MMU; 0 where it leaves the tree's, which are one core's."""
    node = re.search(rf"&{label}\s*\{{([^}}]*)\}}", text)
    reg = re.search(r"\breg\s*=\s*([^;]*);", node[1]) if node else None
    return len(re.findall(r"0x[0-9a-fA-F]{8}\b", reg[1])) if reg else 0
