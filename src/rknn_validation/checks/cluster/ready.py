"""What the cluster is told about its nodes: labels and the condition NPUReady."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from rknn_validation.checks.cluster.live import PRESENT, STACK, ClusterUnderTest
from rknn_validation.checks.cluster.registry import CLUSTER_CHECKS
from rknn_validation.checks.cluster.workload import Workload
from rknn_validation.checks.findings import Finding, Fine, Problem, Unsure, answer
from rknn_validation.checks.model import Answer
from rknn_validation.nodes.kubectl import condition

CONDITION = "NPUReady"
STALE_SECONDS = 600
"""The driver renews the condition every minute; clocks differ a little."""


@CLUSTER_CHECKS.check(
    "ready.labels",
    "Labels say which nodes have an NPU, and of which stack",
    remedy="Set the labels at registration (services.k3s.nodeLabel), and correct them with kubectl label node.",
    everywhere=True,
)
def labels(work: Workload) -> Answer:
    """The labels rockchip.com/npu.present and rockchip.com/npu.stack, compared with what nodes offer."""
    return answer(
        _labels(work.cluster), good="the labels agree with what nodes offer", nothing="the cluster has no node"
    )


def _labels(cluster: ClusterUnderTest) -> Iterator[Finding]:
    for name in cluster.nodes:
        present, stack = cluster.label(name, PRESENT), cluster.label(name, STACK)
        seen = f"{PRESENT}={present or 'none'} {STACK}={stack or 'none'}"
        offer = cluster.offers.get(name)
        if present == "true" and offer is None:
            yield Problem(name, f"{name} is labelled as an NPU node, and offers none: pods that ask for it wait", seen)
        elif present != "true" and name in cluster.right:
            yield Problem(name, f"{name} has an NPU and no label {PRESENT}=true: selectors pass it over", seen)
        elif present == "true" and name in cluster.expected and not cluster.expected[name].stack:
            why = cluster.expected[name].why
            yield Problem(name, f"{name} is labelled as an NPU node, and is to have none ({why})", seen)
        elif offer and stack and offer.stack not in ("", stack):
            yield Problem(name, f"{name} is labelled with the stack {stack}, and offers {offer.stack}", seen)
        else:
            yield Fine(name, seen)


@CLUSTER_CHECKS.check(
    "ready.condition",
    "Every NPU node says that its NPU was seen to work",
    remedy="Validate the node: let the driver run a model (--probe), or leave it a verdict (--verdict).",
    everywhere=True,
)
def npu_ready(work: Workload) -> Answer:
    """The condition NPUReady, and that it was renewed of late."""
    nothing = "no node of this cluster is to have an NPU"
    return answer(_ready(work.cluster, datetime.now(UTC)), good=f"{CONDITION} is True", nothing=nothing)


def _ready(cluster: ClusterUnderTest, now: datetime) -> Iterator[Finding]:
    for name in cluster.right:
        found = condition(cluster.nodes.get(name, {}), CONDITION)
        if name not in cluster.nodes:
            yield Unsure(name, f"{name} is no node of this cluster")
        elif found is None:
            yield Problem(name, f"{name} has no condition {CONDITION}: its driver does not report")
        else:
            seen = f"{found['status']} ({found.get('reason', '')}): {found.get('message', '')}"
            age = _age(str(found.get("lastHeartbeatTime", "")), now)
            if found["status"] != "True":
                yield Problem(name, f"{CONDITION} of {name} is {found['status']}: {found.get('message', '')}", seen)
            elif age is None or age < -STALE_SECONDS:
                yield Unsure(name, f"when {CONDITION} of {name} was renewed cannot be told", str(found))
            elif age > STALE_SECONDS:
                yield Problem(name, f"{CONDITION} of {name} was not renewed for {age:.0f} s: its driver is gone", seen)
            else:
                yield Fine(name, seen)


def _age(stamp: str, now: datetime) -> float | None:
    try:
        return (now - datetime.fromisoformat(stamp.replace("Z", "+00:00"))).total_seconds()
    except (ValueError, TypeError):
        return None
