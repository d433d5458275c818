"""What moves pods or ends a driver: asked only with --disrupt. Pods of others stay where they are."""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.cluster.live import DRA, DRIVER, SLICES
from rknn_validation.checks.cluster.pod import NOBODY, inferred
from rknn_validation.checks.cluster.registry import CLUSTER_CHECKS
from rknn_validation.checks.cluster.workload import RUNNING, WAITING, Workload
from rknn_validation.checks.findings import Finding, Fine, Problem, Unsure, answer
from rknn_validation.checks.model import Answer
from rknn_validation.common.errors import DeadlineExceeded
from rknn_validation.nodes.kubectl import Object, Refused, condition

APPS = ("rknn-npu-driver", "rknn-npu-device-plugin")
"""The label `app` of the driver's pods, see kubernetes/deploy."""


@CLUSTER_CHECKS.check(
    "disrupt.drain-and-back",
    "A node that is drained releases its NPU, and gives it again afterwards",
    remedy="See the driver's log: a claim that is not released by NodeUnprepareResources keeps the NPU.",
    everywhere=True,
)
def drain_and_back(work: Workload) -> Answer:
    """Each NPU node is cordoned and our pod on it evicted; the next waits until the cordon is lifted, and runs."""
    good = "drained nodes release their NPU, and give it again"
    return answer(_drained(work), good=good, nothing=NOBODY)


def _drained(work: Workload) -> Iterator[Finding]:
    cluster = work.cluster
    if not cluster.usable:
        yield Unsure("nodes", NOBODY)
    for node, pod in work.hold(cluster.usable).items():
        if pod.state != RUNNING:
            yield Unsure(node, f"no pod holds the NPU of {node}: {pod.why}", pod.evidence)
            continue
        with work.cordoned(node):
            try:
                work.let_go(node, evict=True)
            except (DeadlineExceeded, Refused) as problem:
                yield Problem(node, f"the pod on {node} does not leave when it is evicted", str(problem))
                continue
            name = work.start(node)
            kept = work.outcome(name, node, waits=True)
        if kept.state != WAITING:
            yield Problem(node, f"a pod came to {node} although that is cordoned", kept.evidence)
            continue
        after = work.holding[node] = work.outcome(name, node)
        if after.state != RUNNING:
            yield Problem(node, f"{node} does not give its NPU again after the drain: {after.why}", after.evidence)
        else:
            yield _same(work, node)


def _same(work: Workload, node: str) -> Finding:
    """The pod's output where there is a model, else that it runs."""
    cluster = work.cluster
    pod = work.holding[node]
    if cluster.inferences.get(cluster.stack(node)) is None:
        return Fine(node, f"pod {pod.name} runs")
    return inferred(work.cluster, node, pod)


@CLUSTER_CHECKS.check(
    "disrupt.driver-killed",
    "A driver that is killed comes back, publishes again, and harms no pod",
    remedy="See the driver's log after its restart, and Restart= of its unit or its DaemonSet.",
    everywhere=True,
)
def driver_killed(work: Workload) -> Answer:
    """The driver is killed; its slice is deleted, so that only a live driver can bring it back; a next pod runs."""
    good = "killed drivers come back, and their nodes offer the NPU again"
    return answer(_killed(work), good=good, nothing=NOBODY)


def _killed(work: Workload) -> Iterator[Finding]:
    cluster = work.cluster
    if not cluster.usable:
        yield Unsure("nodes", NOBODY)
    for node, pod in work.hold(cluster.usable).items():
        if pod.state != RUNNING:
            yield Unsure(node, f"no pod holds the NPU of {node}: {pod.why}", pod.evidence)
            continue
        told = _kill(work, node)
        if not told:
            reach = "name the node in validation.yaml (nodes:), to kill the service of its host over SSH"
            yield Unsure(node, f"no pod of the driver runs on {node}: {reach}")
            continue
        yield _back(work, node, told)


def _kill(work: Workload, node: str) -> str:
    """What was killed, "" where no driver was found."""
    cluster = work.cluster
    if node in cluster.kill:
        return cluster.kill[node]()
    for pod in cluster.kubectl.items("/api/v1/pods", fieldSelector=f"spec.nodeName={node}"):
        if pod["metadata"].get("labels", {}).get("app") in APPS:
            place = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
            cluster.kubectl.delete(place, gracePeriodSeconds="0")
            return f"pod {pod['metadata']['name']}, deleted without grace"
    return ""


def _back(work: Workload, node: str, told: str) -> Finding:
    cluster = work.cluster
    words = f"the NPU of {node} after its driver was killed ({told})"
    try:
        if cluster.offers[node].interface == DRA:
            _republished(work, node)
        else:
            _counted(work, node)
    except DeadlineExceeded as problem:
        return Problem(node, f"{node} does not offer its NPU again after its driver was killed", f"{told}\n{problem}")
    held = work.holding[node]
    now = {one["metadata"]["name"]: one for one in cluster.kubectl.items(work.pods)}.get(held.name)
    if now is None or now.get("status", {}).get("phase") != "Running":
        return Problem(node, f"the pod on {node} ended when the driver was killed", str((now or {}).get("status")))
    work.let_go(node)
    after = work.hold([node])[node]
    if after.state != RUNNING:
        return Problem(node, f"no pod gets {words}: {after.why}", after.evidence)
    return _same(work, node)


def _republished(work: Workload, node: str) -> None:
    """Delete the node's slices and wait for others: kubelet and server keep a dead driver's for a while."""
    cluster = work.cluster
    chosen = f"spec.driver={DRIVER},spec.nodeName={node}"
    old = cluster.kubectl.items(SLICES, fieldSelector=chosen)
    for one in old:
        cluster.kubectl.delete(f"{SLICES}/{one['metadata']['name']}")
    before = {one["metadata"]["uid"] for one in old}
    names = sorted(device["name"] for device in cluster.offers[node].devices)

    def fresh(slices: list[Object]) -> bool | None:
        new = [one for one in slices if one["metadata"]["uid"] not in before]
        offered = [device for one in new for device in one["spec"].get("devices") or () if not device.get("taints")]
        return True if sorted(device["name"] for device in offered) == names else None

    cluster.kubectl.until(SLICES, fresh, work.patience(f"a new ResourceSlice of {node}"), fieldSelector=chosen)


def _counted(work: Workload, node: str) -> None:
    """Wait until kubelet counts the device again, and the driver's own pod is ready."""
    cluster = work.cluster

    def ready(nodes: list[Object]) -> bool | None:
        own = next((one for one in nodes if one["metadata"]["name"] == node), {})
        healthy = condition(own, "Ready")
        count = int(own.get("status", {}).get("allocatable", {}).get("rockchip.com/npu", "0"))
        return True if count and healthy and healthy["status"] == "True" else None

    cluster.kubectl.until("/api/v1/nodes", ready, work.patience(f"{node} to count its NPU again"))
