"""A live cluster as checks see it: its nodes, who offers an NPU and how, and who is to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rknn_validation.nodes.kubectl import Kubectl, Object, condition
from rknn_validation.subject.inference import Inference

DRIVER = "npu.rockchip.com"
RESOURCE = "rockchip.com/npu"
PRESENT, STACK = f"{RESOURCE}.present", f"{RESOURCE}.stack"
"""Labels of nodes, as nixos/profiles/npu-labels.nix sets them."""
SLICES = "/apis/resource.k8s.io/v1/resourceslices"
CLASS = f"/apis/resource.k8s.io/v1/deviceclasses/{DRIVER}"
CLAIMS = "/apis/resource.k8s.io/v1/resourceclaims"
DRA, DEVICE_PLUGIN = "dra", "device-plugin"


@dataclass(frozen=True)
class Expected:
    """What the subject file says of a node: the stack it is to bring up, "" for none."""

    stack: str
    why: str


@dataclass(frozen=True)
class Offer:
    """What a node offers to pods: devices of its ResourceSlices, and how many a device plugin counts."""

    devices: tuple[Object, ...] = ()
    counted: int = 0

    @property
    def interface(self) -> str:
        """How pods get it, "" where there is nothing to get."""
        return DRA if self.devices else DEVICE_PLUGIN if self.counted else ""

    @property
    def places(self) -> int:
        """How many containers can have the NPU at a time."""
        return len(self.devices) or self.counted

    @property
    def stack(self) -> str:
        """The stack that the driver tells, "" for a device plugin, which cannot."""
        return next((text for one in self.devices if (text := attribute(one, "stack"))), "")

    @property
    def words(self) -> str:
        """What of it, in one line."""
        told = [f"{one['name']} by DRA ({attribute(one, 'stack') or 'stack not told'})" for one in self.devices]
        return ", ".join([*told, *([f"{self.counted} {RESOURCE} by a device plugin"] if self.counted else [])])


def attribute(device: Mapping[str, Any], name: str) -> str:
    """An attribute of a device that is a text, "" without one."""
    return str(device.get("attributes", {}).get(name, {}).get("string", ""))


@dataclass
class ClusterUnderTest:
    """A cluster, and what is expected of it.

    `expected` is by node, for nodes the subject file knows; others are known by their labels. `image` is of the pods
    that are made: it has python3 and what the stack's models run with. `patience`: seconds for any one event. `kill`
    ends the driver of a node that runs it as a service of the host, and tells what that said; without an entry it is
    looked for among pods.
    """

    kubectl: Kubectl
    expected: Mapping[str, Expected]
    inferences: Mapping[str, Inference]
    image: str
    patience: float = 300.0
    kill: Mapping[str, Callable[[], str]] = field(default_factory=dict)

    @cached_property
    def nodes(self) -> dict[str, Object]:
        """The nodes by name, as they were when the first check asked."""
        return {one["metadata"]["name"]: one for one in self.kubectl.items("/api/v1/nodes")}

    @cached_property
    def offers(self) -> dict[str, Offer]:
        """What each node offers, those without anything left out; as it was when the first check asked."""
        devices: dict[str, list[Object]] = {}
        for one in self.kubectl.items(SLICES, fieldSelector=f"spec.driver={DRIVER}"):
            devices.setdefault(str(one["spec"].get("nodeName", "")), []).extend(one["spec"].get("devices") or ())
        counts = {name: int(self._allocatable(one)) for name, one in self.nodes.items()}
        names = dict.fromkeys([*devices, *counts])
        found = {name: Offer(tuple(devices.get(name, ())), counts.get(name, 0)) for name in names}
        return {name: offer for name, offer in found.items() if offer.interface}

    @staticmethod
    def _allocatable(node: Object) -> str:
        return str(node.get("status", {}).get("allocatable", {}).get(RESOURCE, "0"))

    def label(self, node: str, name: str) -> str:
        """A node's label, "" without it."""
        return str(self.nodes[node]["metadata"].get("labels", {}).get(name, ""))

    @cached_property
    def right(self) -> dict[str, str]:
        """The nodes that are to offer an NPU, with their stack: of the subject file, else as labelled."""
        named = {name: one.stack for name, one in self.expected.items() if one.stack}
        labelled = {
            name: self.label(name, STACK)
            for name in self.nodes
            if name not in self.expected and self.label(name, PRESENT) == "true"
        }
        return {**named, **labelled}

    @property
    def usable(self) -> list[str]:
        """The nodes pods can be tried on: they are to offer an NPU, and do."""
        return [name for name in self.right if name in self.offers and not not_ready(self.nodes[name])]

    def stack(self, node: str) -> str:
        """The stack of a node's NPU."""
        return self.offers[node].stack or self.right.get(node, "")


def not_ready(node: Mapping[str, Any]) -> str:
    """Why a node is not ready, "" where it is."""
    found = condition(node, "Ready")
    if found is None:
        return "it has no condition Ready"
    return "" if found["status"] == "True" else f"Ready is {found['status']}: {found.get('message', '')}"


def listed(names: Iterable[str]) -> str:
    """Names for a sentence."""
    return ", ".join(sorted(names))
