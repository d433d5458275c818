"""Do the subject's overlays switch on what they describe?"""

from __future__ import annotations

import re

from rknn_validation.checks.configuration.device_tree import own_overlays, text_of
from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.kernel.source import tree as kernel_tree
from rknn_validation.facts.model import Facts
from rknn_validation.npu.stacks import VENDOR

_NODE = re.compile(r"(&[\w{}/@-]+|\b[\w-]+(?:@[0-9a-f]+)?)\s*\{([^{}]*)\}")
_OFF = re.compile(r'\bstatus\s*=\s*"(?:disabled|fail|reserved)[^"]*"\s*;')
_ON = re.compile(r'\bstatus\s*=\s*"(?:okay|ok)"\s*;')


@CONFIGURATION_CHECKS.check(
    "device-tree.npu-nodes-are-switched-on",
    stage="device-tree",
    title="the overlay switches on the nodes that the stack's driver binds",
    remedy='Give the node of the driver and the MMU in front of it status = "okay".',
)
def nodes_are_on(facts: Facts) -> Answer:
    """A disabled node is no device: the driver loads and nothing appears; behind a disabled MMU open() is ENODEV."""
    texts = {one.name: text for one in own_overlays(facts) if (text := text_of(one)) is not None}
    nodes = [(name, node, body) for name, text in texts.items() for node, body in _NODE.findall(_plain(text))]
    if facts.scenario.stack == "vendor":
        ours = [one for one in nodes if VENDOR.node_compatible in one[2]]
        off = ours if ours and all(_OFF.search(body) for _, _, body in ours) else []
        mmus = {f"&{label}" for _, _, body in ours for label in re.findall(r"\biommus\s*=\s*<&(\w+)>", body)}
        off = off or [one for one in nodes if one[1] in mmus and _OFF.search(one[2])]
    else:
        ours = [one for one in nodes if re.search(r"rknn_(?:core|mmu)_\d", one[1])]
        cores = {node[-1] for _, node, body in ours if "core" in node and _ON.search(body)}
        off = [one for one in ours if "mmu" in one[1] and one[1][-1] in cores and _OFF.search(one[2])]
    if off:
        shown = (Evidence(name, f"{node} {{ {' '.join(body.split())} }}") for name, node, body in off)
        return failed("the NPU stays switched off: no driver binds it, or it cannot be opened", *shown)
    return passed(f"{len(ours)} nodes") if ours else skipped("no overlay of the subject describes the NPU")


_KNOWN_LABELS = frozenset(f"rknn_{kind}_{number}" for kind in ("core", "mmu") for number in range(3))


@CONFIGURATION_CHECKS.check(
    "device-tree.labels-exist",
    stage="device-tree",
    title="the overlay names the NPU's nodes by labels the tree has",
    remedy="Mainline's trees have rknn_core_0 to rknn_core_2 and rknn_mmu_0 to rknn_mmu_2; rknpu and rknpu_mmu are "
    "those of Rockchip's own kernels.",
)
def labels_exist(facts: Facts) -> Answer:
    """An overlay that names a label of no node cannot be applied: building the device trees stops."""
    if not kernel_tree(facts).is_mainline:
        return skipped("the labels of this kernel's trees are not known here")
    wrong, asked = [], 0
    for overlay in own_overlays(facts):
        text = text_of(overlay) or ""
        own = set(re.findall(r"\b(\w+)\s*:\s*[\w,-]+(?:@\w+)?\s*\{", text))
        named = set(re.findall(r"&(rk(?:nn|npu)\w*)", text)) - own
        asked += len(named)
        wrong += [Evidence(overlay.name, f"&{label}") for label in sorted(named - _KNOWN_LABELS)]
    if wrong:
        return failed("mainline's trees have no such label: the overlay cannot be applied", *wrong)
    return passed(f"{asked} labels") if asked else skipped("no overlay of the subject names the NPU's nodes by label")


def _plain(text: str) -> str:
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
