"""The pods that are tried on a cluster: their namespace, how they are made, and what came of them.

A pod runs the golden model in an init container, and then holds the NPU in its main one, until it is deleted. So
`Running` means that the model has run, and each wait is for an event of the pod.

Whatever is made lives in a namespace of its own, or is an annotation on a node that was cordoned. Both name the process
they belong to. What a run that was killed has left is removed by the next one.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rknn_validation.checks.cluster import manifests
from rknn_validation.checks.cluster.live import CLAIMS, DRA, RESOURCE, ClusterUnderTest, listed
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import DeadlineExceeded, HarnessError
from rknn_validation.common.workspace import lives
from rknn_validation.nodes.kubectl import Kubectl, Object, Refused, condition

MANAGED = "app.kubernetes.io/managed-by"
OURS = "rknn-validation"
OWNER = "rknn-validation/owner"
"""Annotation: HOST/PROCESS of the run that made it."""
ABANDONED_SECONDS = 7200
"""A run on another machine that is older than this is over: nobody can look there for its process."""
NAMESPACES = "/api/v1/namespaces"
_STUCK = ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName")
_BROKEN = ("CreateContainerError", "CreateContainerConfigError", "RunContainerError", "CrashLoopBackOff")
_NO_PROGRAM = "executable file not found"
RUNNING, FAILED, IMAGE, WAITING = "running", "failed", "image", "waiting"


@dataclass(frozen=True)
class Outcome:
    """What became of a pod. `state` is running, failed, waiting, or image: that cannot be pulled, or has no python3.

    `why` says so in the cluster's words; `said` is its log with its events.
    """

    name: str
    node: str
    state: str
    why: str
    said: str = ""

    @property
    def evidence(self) -> str:
        """All of it, for a report."""
        return "\n".join(
            part for part in (f"pod {self.name} on {self.node}: {self.state}: {self.why}", self.said) if part
        )


@dataclass
class Workload:
    """The pods of a run, in a namespace that is made with the first of them."""

    cluster: ClusterUnderTest
    namespace: str = ""
    holding: dict[str, Outcome] = field(default_factory=dict)
    _cordoned: list[str] = field(default_factory=list)
    _number: int = 0

    @property
    def kubectl(self) -> Kubectl:
        """The cluster."""
        return self.cluster.kubectl

    @property
    def pods(self) -> str:
        """The path of the pods."""
        return f"{NAMESPACES}/{self.namespace}/pods"

    def patience(self, what: str) -> Deadline:
        """A deadline for one event."""
        return self.kubectl.total.capped(self.cluster.patience, what)

    def start(self, node: str) -> str:
        """Ask for a pod that runs the model and holds the NPU of this node; its name."""
        self._open()
        self._number += 1
        name = f"npu-{self._number}"
        stack = self.cluster.stack(node)
        by_dra = self.cluster.offers[node].interface == DRA
        model = self.cluster.inferences.get(stack)
        files = f"model-{stack or 'none'}"
        if model is not None:
            with suppress(_AlreadyThere):
                self._create("configmaps", manifests.files(files, model))
        if by_dra:
            with suppress(_AlreadyThere):
                self._create("resourceclaimtemplates", manifests.CLAIM, "/apis/resource.k8s.io/v1/namespaces")
        self._create("pods", manifests.pod(name, node, self.cluster.image, stack, model, files, by_dra=by_dra))
        return name

    def _create(self, kind: str, body: Object, root: str = NAMESPACES) -> None:
        try:
            self.kubectl.create(f"{root}/{self.namespace}/{kind}", body)
        except Refused as problem:
            if "already exists" in problem.seen or "AlreadyExists" in problem.seen:
                raise _AlreadyThere from problem
            raise

    def outcome(self, name: str, node: str, *, waits: bool = False) -> Outcome:
        """What became of a pod, once it runs, has failed, or patience is over; with `waits`, once it waits."""

        def settled(pods: list[Object]) -> Outcome | None:
            return _settled(_named(pods, name), name, node, waits=waits)

        try:
            found = self.kubectl.until(self.pods, settled, self.patience(f"the pod {name} on {node}"))
        except DeadlineExceeded:
            pod = _named(self.kubectl.items(self.pods), name)
            found = Outcome(name, node, WAITING, _waits_for(pod) or "nothing happened to it")
        said = self._log(name, "model") if found.state != WAITING else ""
        return Outcome(name, node, found.state, found.why, "\n".join(filter(None, (said, self._events(name)))))

    def _log(self, name: str, container: str) -> str:
        try:
            return self.kubectl.text(f"{self.pods}/{name}/log", container=container, tailLines="60").strip()
        except HarnessError as problem:
            return f"no log: {problem.seen}"

    def _events(self, name: str) -> str:
        events = self.kubectl.items(
            f"{NAMESPACES}/{self.namespace}/events", fieldSelector=f"involvedObject.name={name}"
        )
        told = [f"{one.get('reason', '')}: {one.get('message', '')}" for one in events if one.get("type") != "Normal"]
        return "\n".join(dict.fromkeys(told[-10:]))

    def hold(self, nodes: Sequence[str]) -> dict[str, Outcome]:
        """A pod on each of these nodes that holds its NPU, those that do already among them; started side by side."""
        started = {node: self.start(node) for node in nodes if node not in self.holding}
        for node, name in started.items():
            self.holding[node] = self.outcome(name, node)
        return {node: self.holding[node] for node in nodes}

    def let_go(self, node: str, *, evict: bool = False) -> None:
        """Delete the pod that holds this node's NPU, by eviction as `kubectl drain` does; returns when it is gone."""
        held = self.holding.pop(node)
        if evict:
            body = {
                "apiVersion": "policy/v1",
                "kind": "Eviction",
                "metadata": {"name": held.name, "namespace": self.namespace},
            }
            self.kubectl.create(f"{self.pods}/{held.name}/eviction", body)
        else:
            self.kubectl.delete(f"{self.pods}/{held.name}")

        def gone(pods: list[Object]) -> bool | None:
            return None if _named(pods, held.name) else True

        self.kubectl.until(self.pods, gone, self.patience(f"the end of the pod {held.name} on {node}"))

    @contextmanager
    def cordoned(self, node: str) -> Iterator[None]:
        """Nothing is scheduled to this node meanwhile. One that is cordoned already is refused: it is somebody's."""
        _change(self.kubectl, node, _cordon)
        self._cordoned.append(node)
        try:
            yield
        finally:
            self.uncordon(node)

    def uncordon(self, node: str) -> None:
        """Let pods come to this node again, if this run has cordoned it."""
        if node in self._cordoned:
            _change(self.kubectl, node, _uncordon)
            self._cordoned.remove(node)

    def _open(self) -> None:
        if self.namespace:
            return
        name = f"{OURS}-{uuid.uuid4().hex[:8]}"
        self.namespace = name  # before it is made: an interrupted run removes it all the same
        # Pods that unmask the device tree are below every other level.
        labels = {MANAGED: OURS, "pod-security.kubernetes.io/enforce": "privileged"}
        metadata = {"name": name, "labels": labels, "annotations": {OWNER: _owner()}}
        self.kubectl.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})

        def account(accounts: list[Object]) -> bool | None:
            return True if _named(accounts, "default") else None

        # Pods are refused until a controller has made it.
        self.kubectl.until(f"{NAMESPACES}/{name}/serviceaccounts", account, self.patience(f"the account of {name}"))

    def close(self) -> None:
        """Remove everything that was made, and wait until it is gone."""
        kubectl = self.kubectl
        # A run whose time is over still has to clean up.
        kubectl.total = Deadline.after(max(60.0, self.cluster.patience), "the cluster to be as it was")
        for node in list(self._cordoned):
            self.uncordon(node)
        if self.namespace:
            _remove(kubectl, self.namespace, kubectl.total)
            self.namespace = ""
            self.holding.clear()


class _AlreadyThere(Exception):
    """An object of this name exists."""


@contextmanager
def workload(cluster: ClusterUnderTest) -> Iterator[Workload]:
    """The pods of a run: what an earlier run has left is removed first, and what this one makes at its end."""
    made = Workload(cluster)
    sweep(cluster.kubectl)
    try:
        yield made
    finally:
        made.close()


def sweep(kubectl: Kubectl) -> list[str]:
    """Remove what runs that were killed have left: namespaces, and the cordon of nodes. Names what it was."""
    removed = []
    for one in kubectl.items(NAMESPACES, labelSelector=f"{MANAGED}={OURS}"):
        if _abandoned(one):
            name = str(one["metadata"]["name"])
            _remove(kubectl, name, kubectl.total.capped(120.0, f"the end of {name}, which an earlier run has left"))
            removed.append(f"namespace {name}")
    for one in kubectl.items("/api/v1/nodes"):
        if OWNER in one["metadata"].get("annotations", {}) and _abandoned(one):
            _change(kubectl, one["metadata"]["name"], _uncordon)
            removed.append(f"cordon of {one['metadata']['name']}")
    return removed


def _remove(kubectl: Kubectl, namespace: str, deadline: Deadline) -> None:
    kubectl.delete(f"{NAMESPACES}/{namespace}")

    def gone(spaces: list[Object]) -> bool | None:
        return None if _named(spaces, namespace) else True

    kubectl.until(NAMESPACES, gone, deadline, labelSelector=f"{MANAGED}={OURS}")


def _owner() -> str:
    return f"{socket.gethostname()}/{os.getpid()}/{datetime.now(UTC).isoformat(timespec='seconds')}"


def _abandoned(one: Object) -> bool:
    """Whether the run that made it is over."""
    host, _, rest = str(one["metadata"].get("annotations", {}).get(OWNER, "")).partition("/")
    process, _, started = rest.partition("/")
    if host == socket.gethostname() and process.isdigit():
        return not lives(Path("/proc", process, "stat"))
    try:
        return (datetime.now(UTC) - datetime.fromisoformat(started)).total_seconds() > ABANDONED_SECONDS
    except ValueError:
        return True  # nobody can say whose it is


def _change(kubectl: Kubectl, node: str, change: Any) -> None:
    """Read a node, change it and write it back; again where somebody else has changed it meanwhile."""
    for attempt in range(5):
        body = kubectl.get(f"/api/v1/nodes/{node}")
        change(body)
        try:
            return kubectl.replace(f"/api/v1/nodes/{node}", body)
        except Refused as problem:
            if attempt == 4 or "Conflict" not in problem.seen:
                raise
    return None


def _cordon(node: Object) -> None:
    name = node["metadata"]["name"]
    if node["spec"].get("unschedulable"):
        raise HarnessError(f"{name} is cordoned already", expected="a node that takes pods", seen="unschedulable: true")
    node["spec"]["unschedulable"] = True
    node["metadata"].setdefault("annotations", {})[OWNER] = _owner()


def _uncordon(node: Object) -> None:
    node["spec"].pop("unschedulable", None)
    node["metadata"].get("annotations", {}).pop(OWNER, None)


def _named(items: list[Object], name: str) -> Object | None:
    return next((one for one in items if one["metadata"]["name"] == name), None)


def _settled(pod: Object | None, name: str, node: str, *, waits: bool) -> Outcome | None:
    if pod is None:
        return Outcome(name, node, FAILED, "somebody has deleted it")
    status = pod.get("status", {})
    containers = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    for one in containers:
        ended = one.get("state", {}).get("terminated")
        if ended and ended.get("exitCode"):
            said = f"{ended.get('reason', '')} {ended.get('message', '')}".strip()
            why = f"its container {one['name']} ended with status {ended['exitCode']} ({said})"
            return Outcome(name, node, IMAGE if _NO_PROGRAM in said else FAILED, why)
        waiting = one.get("state", {}).get("waiting") or {}
        reason, message = str(waiting.get("reason", "")), str(waiting.get("message", ""))
        if reason in _STUCK:
            return Outcome(name, node, IMAGE, f"{reason}: {message}")
        if reason in _BROKEN:
            return Outcome(name, node, IMAGE if _NO_PROGRAM in message else FAILED, f"{reason}: {message}")
    if status.get("phase") == "Failed":
        return Outcome(name, node, FAILED, f"{status.get('reason', 'Failed')}: {status.get('message', '')}")
    if status.get("phase") == "Running":
        return Outcome(name, node, RUNNING, "the NPU was given to it")
    told = _waits_for(pod)
    return Outcome(name, node, WAITING, told) if waits and told else None


def _waits_for(pod: Object | None) -> str:
    """Why the scheduler lets a pod wait, "" where it does not."""
    scheduled = condition(pod or {}, "PodScheduled")
    if scheduled and scheduled["status"] == "False" and scheduled.get("reason") == "Unschedulable":
        return str(scheduled.get("message", "")) or "Unschedulable"
    return ""


def holders(cluster: ClusterUnderTest, node: str, own: str) -> str:
    """Which pods have the node's NPU already, other than those of the namespace `own`; "" for none that is known."""
    found = []
    for one in cluster.kubectl.items(CLAIMS):
        allocated = one.get("status", {}).get("allocation", {}).get("devices", {}).get("results") or ()
        space = one["metadata"].get("namespace", "")
        if space != own and any(result.get("pool") == node for result in allocated):
            pods = [str(user.get("name")) for user in one["status"].get("reservedFor") or ()]
            found.append(f"{space}/{listed(pods) or one['metadata']['name']}")
    for pod in cluster.kubectl.items("/api/v1/pods", fieldSelector=f"spec.nodeName={node},status.phase=Running"):
        limits = [one.get("resources", {}).get("limits") or {} for one in pod["spec"].get("containers") or ()]
        space = pod["metadata"].get("namespace", "")
        if space != own and any(RESOURCE in one for one in limits):
            found.append(f"{space}/{pod['metadata']['name']}")
    return listed(set(found))
