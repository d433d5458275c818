"""Do the subject's overlays switch on what they describe?"""

from __future__ import annotations

import re

from rknn_validation.checks.case import Case
from rknn_validation.checks.configuration.device_tree import own_overlays, text_of
from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
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
def nodes_are_on(case: Case) -> Answer:
    """A disabled node is no device: the driver loads and nothing appears; behind a disabled MMU open() is ENODEV."""
    texts = {one.name: text for one in own_overlays(case) if (text := text_of(one)) is not None}
    nodes = [(name, node, body) for name, text in texts.items() for node, body in _NODE.findall(_plain(text))]
    if case.scenario.stack == "vendor":
        ours = [one for one in nodes if VENDOR.node_compatible in one[2]]
        off = ours if ours and all(_OFF.search(body) for _, _, body in ours) else []
    else:
        ours = [one for one in nodes if re.search(r"rknn_(?:core|mmu)_\d", one[1])]
        cores = {node[-1] for _, node, body in ours if "core" in node and _ON.search(body)}
        off = [one for one in ours if "mmu" in one[1] and one[1][-1] in cores and _OFF.search(one[2])]
    if off:
        shown = (Evidence(name, f"{node} {{ {' '.join(body.split())} }}") for name, node, body in off)
        return failed("the NPU stays switched off: no driver binds it, or it cannot be opened", *shown)
    return passed(f"{len(ours)} nodes") if ours else skipped("no overlay of the subject describes the NPU")


def _plain(text: str) -> str:
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
