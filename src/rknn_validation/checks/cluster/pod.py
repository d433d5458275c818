"""Pods with an NPU: they start, compute the right output, and wait for one another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.cluster.live import CLAIMS, DRA, ClusterUnderTest
from rknn_validation.checks.cluster.registry import CLUSTER_CHECKS
from rknn_validation.checks.cluster.workload import FAILED, IMAGE, RUNNING, WAITING, Outcome, Workload, holders
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem, Unsure, answer
from rknn_validation.checks.model import Answer
from rknn_validation.checks.node.inference import cause_in, result_in, wrong_output

NOBODY = "no node offers its NPU, so no pod can be tried"
_NO_DEVICE = re.compile(r"cannot allocate all claims|Insufficient rockchip\.com/npu|claim", re.IGNORECASE)


@CLUSTER_CHECKS.check(
    "pod.gets-npu",
    "A pod on each NPU node gets the NPU",
    remedy="Read the pod's events in the evidence; then the driver's log on that node.",
    everywhere=True,
)
def gets_npu(work: Workload) -> Answer:
    """A pod that asks for the NPU, by a claim or by a limit, is scheduled and started on each node that offers one."""
    return answer(_started(work), good="pods get the NPU of every node that offers one", nothing=NOBODY)


def _started(work: Workload) -> Iterator[Finding]:
    cluster = work.cluster
    if not cluster.usable:
        yield Unsure("nodes", NOBODY)
    for node, pod in work.hold(cluster.usable).items():
        yield started(work, node, pod)


def started(work: Workload, node: str, pod: Outcome) -> Finding:
    """Whether a pod came to have the NPU."""
    cluster = work.cluster
    if pod.state == IMAGE:
        return Unsure(node, f"the image {cluster.image} cannot be used on {node}: {pod.why}", pod.evidence)
    if pod.state == WAITING:
        whose = holders(cluster, node, work.namespace)
        if whose:
            return Unsure(node, f"the NPU of {node} is in use by {whose}", pod.evidence)
        words = f"the pod on {node} was not started within {cluster.patience:g} s: {pod.why}"
        return Problem(node, words, pod.evidence) if _NO_DEVICE.search(pod.why) else Unsure(node, words, pod.evidence)
    if pod.state == FAILED and result_in(pod.said) is None:
        return Problem(node, f"the pod on {node} does not start: {pod.why}", pod.evidence)
    return Fine(node, f"pod {pod.name} runs with it")


@CLUSTER_CHECKS.check(
    "pod.infers",
    "A pod on each NPU node computes the expected output",
    remedy="Validate the node itself (--hardware); where it passes, compare the image's versions with the node's.",
    everywhere=True,
)
def infers(work: Workload) -> Answer:
    """The golden model runs in the pod; its first output is compared with the known one, return codes are not."""
    return answer(_inferred(work), good="pods on every NPU node compute the right output", nothing=NOBODY)


def _inferred(work: Workload) -> Iterator[Finding]:
    cluster = work.cluster
    if not cluster.usable:
        yield Unsure("nodes", NOBODY)
    for node, pod in work.hold(cluster.usable).items():
        yield inferred(cluster, node, pod)


def inferred(cluster: ClusterUnderTest, node: str, pod: Outcome) -> Finding:
    """Whether a pod's output was right."""
    stack = cluster.stack(node)
    wanted = cluster.inferences.get(stack)
    if not stack:
        return Unsure(node, f"which stack {node} has cannot be told: label it rockchip.com/npu.stack", pod.evidence)
    if wanted is None:
        return Aside("no model is to be run: `inference: false` in the subject file")
    result = result_in(pod.said)
    if result is None:
        return Unsure(node, f"no model came to its end on {node}: {pod.why}", pod.evidence)
    if "missing" in result:
        hint = "name an image that has it with --image"
        return Unsure(node, f"the image {cluster.image} has no {result['missing']}: {hint}", pod.evidence)
    if "error" in result:
        return Problem(node, f"the model does not run on {node}: {cause_in(pod.said) or result['error']}", pod.evidence)
    wrong = wrong_output(result, wanted)
    if wrong:
        return Problem(node, f"on {node} {wrong} ({wanted.words})", pod.evidence)
    right = f"right within {result['difference']:.4g}"
    if result["interrupts"] == 0:
        return Problem(node, f"on {node} the output is right, but the NPU raised no interrupt", pod.evidence)
    if result["interrupts"] is None and stack == "mainline":
        return Unsure(
            node, f"on {node} the output is right, and what computed it cannot be seen from a pod", pod.evidence
        )
    told = f"{result['interrupts']} interrupts" if result["interrupts"] else "the model runs on the NPU alone"
    return Fine(node, f"{right}; {told} ({wanted.words})")


@CLUSTER_CHECKS.check(
    "pod.second-waits",
    "A second pod waits until the first has released the NPU, and then runs",
    remedy="One driver, one interface: see offer.right-nodes. Where the second never runs, see the driver's log.",
    everywhere=True,
)
def second_waits(work: Workload) -> Answer:
    """The scheduler lets the second pod wait while the first holds the NPU; the first is deleted, the second runs."""
    return answer(_second(work), good="the second pod waits, and then runs", nothing=NOBODY)


def _second(work: Workload) -> Iterator[Finding]:
    cluster = work.cluster
    if not cluster.usable:
        yield Unsure("nodes", NOBODY)
    for node, first in work.hold(cluster.usable).items():
        places = cluster.offers[node].places
        if first.state != RUNNING:
            yield Unsure(node, f"no pod holds the NPU of {node}: {first.why}", first.evidence)
        elif places > 1:
            yield Aside(f"{places} containers may share the NPU of {node} (services.rknn-node-driver.replicas)")
        else:
            yield from _waits(work, node)


def _waits(work: Workload, node: str) -> Iterator[Finding]:
    cluster = work.cluster
    name = work.start(node)
    second = work.outcome(name, node, waits=True)
    if second.state == RUNNING:
        yield Problem(
            node, f"two pods have the NPU of {node} at once: two clients can crash old drivers", second.evidence
        )
        return
    if second.state != WAITING or not _NO_DEVICE.search(second.why):
        yield Unsure(node, f"whether a second pod waits on {node} cannot be told: {second.why}", second.evidence)
        return
    work.let_go(node)
    after = work.holding[node] = work.outcome(name, node)
    if after.state != RUNNING:
        words = f"the second pod does not run on {node} after the first was deleted: {after.why}"
        yield Problem(node, words, after.evidence)
    else:
        yield inferred(cluster, node, after) if cluster.inferences.get(cluster.stack(node)) else Fine(node, second.why)


@CLUSTER_CHECKS.check(
    "released.nothing-left",
    "Nothing is left of the pods that were tried",
    remedy="See what it waits for: kubectl describe namespace -l app.kubernetes.io/managed-by=rknn-validation.",
    everywhere=True,
)
def nothing_left(work: Workload) -> Answer:
    """The namespace of the pods is deleted and gone, and with it every claim: the NPU is as free as before."""
    return answer(_left(work), good="namespace, pods and claims are gone", nothing="nothing was made")


def _left(work: Workload) -> Iterator[Finding]:
    cluster = work.cluster
    space = work.namespace
    if not space:
        return
    work.close()
    all_claims = cluster.kubectl.items(CLAIMS)
    claims = [one["metadata"]["name"] for one in all_claims if one["metadata"].get("namespace") == space]
    if claims:
        yield Problem(space, f"claims of the deleted namespace {space} still hold an NPU", ", ".join(claims))
    else:
        by = {offer.interface for offer in cluster.offers.values()}
        yield Fine(space, "gone" + (", with its claims" if DRA in by else ""))
