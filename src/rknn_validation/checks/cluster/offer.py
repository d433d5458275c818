"""Who offers an NPU: the nodes that have one, no other, and each once."""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.cluster.live import CLASS, DRA, DRIVER, SLICES, ClusterUnderTest, not_ready
from rknn_validation.checks.cluster.registry import CLUSTER_CHECKS
from rknn_validation.checks.cluster.workload import Workload
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem, Unsure, answer
from rknn_validation.checks.model import Answer

_NOBODY = "no node is known to have an NPU: name nodes in validation.yaml, or label them rockchip.com/npu.present=true"


@CLUSTER_CHECKS.check(
    "offer.right-nodes",
    "Every node with an NPU offers it",
    remedy="See the driver's log on the node (journalctl -u rknn-node-driver, or its pod's), and validate the node.",
    everywhere=True,
)
def right_nodes(work: Workload) -> Answer:
    """ResourceSlices and allocatable resources of the nodes in the subject file, and of those labelled as NPU nodes."""
    return answer(_right_nodes(work.cluster), good="every node with an NPU offers it once", nothing=_NOBODY)


def _right_nodes(cluster: ClusterUnderTest) -> Iterator[Finding]:
    if not cluster.right:
        yield Unsure("nodes", _NOBODY)
    for name, stack in cluster.right.items():
        if name not in cluster.nodes:
            why = cluster.expected[name].why
            yield Unsure(name, f"{name} ({why}) is no node of this cluster", f"nodes: {', '.join(cluster.nodes)}")
        elif reason := not_ready(cluster.nodes[name]):
            yield Unsure(name, f"{name} is not ready, so what it offers says nothing", reason)
        elif name not in cluster.offers:
            yield Problem(name, f"{name} offers no NPU", f"no device of {DRIVER}, and no allocatable resource")
        else:
            yield from _offer(cluster, name, stack)


def _offer(cluster: ClusterUnderTest, name: str, stack: str) -> Iterator[Finding]:
    offer = cluster.offers[name]
    taints = [taint for one in offer.devices for taint in one.get("taints") or ()]
    if offer.devices and offer.counted:
        twice = f"{name} offers its NPU twice, by DRA and by a device plugin: two pods can get it"
        yield Problem(name, twice, offer.words)
    elif taints:
        yield Problem(name, f"the NPU of {name} is tainted: its driver holds it to be unhealthy", str(taints))
    elif stack and offer.stack not in ("", stack):
        yield Problem(name, f"{name} offers the stack {offer.stack}, and is to have {stack}", offer.words)
    else:
        yield Fine(name, offer.words)


@CLUSTER_CHECKS.check(
    "offer.no-other-node",
    "No other node offers an NPU",
    remedy="Remove the driver from that node, or name the node in validation.yaml or by its labels if it has an NPU.",
    everywhere=True,
)
def no_other_node(work: Workload) -> Answer:
    """ResourceSlices and allocatable resources of all other nodes."""
    nothing = "every node of this cluster is to have an NPU"
    return answer(_others(work.cluster), good="no other node offers an NPU", nothing=nothing)


def _others(cluster: ClusterUnderTest) -> Iterator[Finding]:
    for name in {**cluster.nodes, **cluster.offers}:
        if name in cluster.right:
            continue
        offer = cluster.offers.get(name)
        if offer is None:
            yield Fine(name, "offers nothing")
        elif not name:
            yield Problem(SLICES, "a ResourceSlice offers an NPU without naming its node", offer.words)
        elif name not in cluster.nodes:
            yield Problem(name, f"a ResourceSlice is left of {name}, which is no node any more", offer.words)
        else:
            said = cluster.expected.get(name)
            why = f"is to have none ({said.why})" if said else "is not known to have one"
            yield Problem(name, f"{name} offers an NPU, and {why}", offer.words)


@CLUSTER_CHECKS.check(
    "offer.device-class",
    "Pods can ask for the NPU by its class",
    remedy="Make it known once: kubectl apply -f kubernetes/deploy/dra/device-class.yaml.",
    everywhere=True,
)
def device_class(work: Workload) -> Answer:
    """The DeviceClass npu.rockchip.com, where a node offers its NPU by DRA."""
    return answer(_class(work.cluster), good=f"the class {DRIVER} is there", nothing="no node offers an NPU by DRA")


def _class(cluster: ClusterUnderTest) -> Iterator[Finding]:
    if not any(one.interface == DRA for one in cluster.offers.values()):
        yield Aside("no node offers an NPU by DRA")
        return
    found = cluster.kubectl.find(CLASS)
    if found is None:
        yield Problem(CLASS, f"there is no DeviceClass {DRIVER}: no pod can claim what the nodes offer")
    else:
        selectors = [one.get("cel", {}).get("expression", "") for one in found["spec"].get("selectors") or ()]
        if any(DRIVER not in one for one in selectors) or not selectors:
            yield Unsure(CLASS, f"the DeviceClass {DRIVER} selects by something else than its driver", str(selectors))
        else:
            yield Fine(CLASS, f"extendedResourceName: {found['spec'].get('extendedResourceName', 'none')}")
