"""Does the board's mainline tree enable the NPU, or does somebody else?"""

from __future__ import annotations

import re

from rknn_validation.checks.configuration.device_tree import text_of
from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed, skipped
from rknn_validation.facts.kernel.source import tree as kernel_tree
from rknn_validation.facts.model import Facts
from rknn_validation.npu import trees


@CONFIGURATION_CHECKS.check(
    "device-tree.mainline-nodes-are-enabled",
    stage="device-tree",
    title="the board's device tree enables the cores and MMUs that rocket binds",
    remedy='Add an overlay that sets status = "okay" on rknn_core_0 to 2 and rknn_mmu_0 to 2 and names the board\'s '
    "regulator (npu-supply, sram-supply), or take a kernel whose tree of this board does.",
    stacks=("mainline",),
)
def mainline_nodes_are_enabled(facts: Facts) -> Answer:
    """Mainline describes the NPU for every RK3588 board and enables it for some: on others rocket finds nothing."""
    kernel, tree = facts.configuration.kernel, facts.configuration.device_tree
    if tree.name is None:
        return skipped("hardware.deviceTree.name is not set: the boot loader or firmware chooses the tree")
    if not kernel_tree(facts).is_mainline:
        return skipped(f"the trees of {kernel.pname} {kernel.version} are not known here")
    seen = Evidence("hardware.deviceTree.name", tree.name)
    overlays = [one for one in tree.overlays if _is_about_cores(text_of(one))]
    if tree.enable and overlays:
        return passed("an overlay is about the cores", seen, *(Evidence("overlay", one.name) for one in overlays))
    name, version = trees.name_of(tree.name), kernel.version
    enabled = trees.enables_npu(name, version)
    since = trees.enabled_in(name)
    if enabled:
        return passed(f"the tree of {version} enables the NPU", seen)
    if enabled is False and since:
        return failed(f"the tree enables the NPU in {since}, and not in {version}: rocket binds nothing", seen)
    if enabled is False:
        return failed("this board's tree leaves the NPU disabled: rocket binds nothing", seen)
    if since:
        return inconclusive(f"the tree enables the NPU in {since}; whether in {version} is not known here", seen)
    return skipped(f"no mainline tree {name} is known here")


def _is_about_cores(text: str | None) -> bool:
    # An overlay that is compiled already may do anything; one that names no core does not enable any.
    return text is None or bool(re.search(r"rknn_core|npu@fda", text))
