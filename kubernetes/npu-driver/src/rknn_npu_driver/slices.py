"""Publishes the node's devices as a ResourceSlice, and keeps it there: kubelet deletes slices when it starts.

An unhealthy device keeps its place and gets a taint. An API server without device taints drops the field; then the
device is left out of the slice for as long as it is unhealthy.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Mapping
from typing import Any

from rknn_npu_driver.api import Api, ApiError, Object
from rknn_npu_driver.dra import DRIVER
from rknn_npu_driver.health import Inventory, Offered
from rknn_npu_driver.npu import Machine

LOG = logging.getLogger(__name__)
PATH = "/apis/resource.k8s.io/v1/resourceslices"
TAINT = f"{DRIVER}/unhealthy"
RETRY_SECONDS = 5.0
RESYNC_SECONDS = 300.0
_SEMVER = re.compile(r"\d+\.\d+\.\d+")
_VALUE_BYTES = 64


def attributes(one: Offered, machine: Machine, runtime: str) -> dict[str, Object]:
    """What a claim may select by. Only versions that are semantic versions go in: the server refuses others."""
    npu = one.npu
    texts = {"stack": npu.stack, "flavour": npu.flavour, "soc": machine.soc, "board": machine.board}
    found: dict[str, Object] = {name: {"string": text[:_VALUE_BYTES]} for name, text in texts.items() if text}
    found["cores"] = {"int": npu.cores}
    for name, version in (("driverVersion", npu.driver_version), ("runtimeVersion", runtime)):
        if _SEMVER.fullmatch(version):
            found[name] = {"version": version}
    return found


def device(one: Offered, machine: Machine, runtime: str) -> Object:
    """A device as a ResourceSlice has it."""
    entry: Object = {"name": one.name, "attributes": attributes(one, machine, runtime)}
    if not one.healthy:
        added = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(one.since))
        entry["taints"] = [{"key": TAINT, "value": "NPU", "effect": "NoSchedule", "timeAdded": added}]
    return entry


class Slices:
    """Keeps one slice for this node as the inventory has it."""

    def __init__(self, api: Api, node: str, inventory: Inventory, machine: Machine, runtime: str) -> None:
        self.published = False
        self._api = api
        self._node = node
        self._inventory = inventory
        self._machine = machine
        self._runtime = runtime
        self._taints = True
        self._work = threading.Event()
        self._stop = threading.Event()

    def claim(self, namespace: str, name: str) -> Mapping[str, Any]:
        """A ResourceClaim. Raises ApiError."""
        return self._api.get(f"/apis/resource.k8s.io/v1/namespaces/{namespace}/resourceclaims/{name}")

    def reconcile(self) -> str:
        """Make the server's slices what they should be; the list's version, to watch from. Raises ApiError."""
        offered = self._inventory.offered
        listed = self._api.get(PATH, fieldSelector=self._selector)
        first, *rest = sorted(listed["items"], key=lambda one: str(one["metadata"]["creationTimestamp"])) or [None]
        for one in rest:
            self._delete(one)
        wanted = self._spec(offered, first)
        if first is None:
            self._check_taints(self._api.create(PATH, self._new(wanted)), wanted)
        elif first["spec"] != wanted:
            body = {**first, "spec": wanted}
            self._check_taints(self._api.replace(f"{PATH}/{first['metadata']['name']}", body), wanted)
        self.published = True
        return str(listed["metadata"]["resourceVersion"])

    def withdraw(self) -> None:
        """Delete the node's slices, for the driver goes for good. Raises ApiError."""
        for one in self._api.get(PATH, fieldSelector=self._selector)["items"]:
            self._delete(one)

    def run(self) -> None:
        """Publish after every change, here or on the server, until `stop`."""
        watchers = [
            threading.Thread(target=self._watch_inventory, name="slices: inventory", daemon=True),
            threading.Thread(target=self._watch_server, name="slices: server", daemon=True),
        ]
        for thread in watchers:
            thread.start()
        self._work.set()
        while not self._stop.is_set():
            self._work.wait(RESYNC_SECONDS)
            self._work.clear()
            if self._stop.is_set():
                return
            try:
                self.reconcile()
            except ApiError as problem:
                LOG.warning("ResourceSlice not published: %s", problem)
                self._stop.wait(RETRY_SECONDS)
                self._work.set()

    def stop(self) -> None:
        """End `run`. What the server has stays: claims in use refer to it."""
        self._stop.set()
        self._work.set()

    @property
    def _selector(self) -> str:
        return f"spec.driver={DRIVER},spec.nodeName={self._node}"

    def _spec(self, offered: tuple[Offered, ...], before: Object | None) -> Object:
        shown = [one for one in offered if one.healthy or self._taints]
        devices = [device(one, self._machine, self._runtime) for one in shown]
        # A single slice is replaced in place: its generation need not change.
        generation = before["spec"]["pool"]["generation"] if before else 1
        pool = {"name": self._node, "generation": generation, "resourceSliceCount": 1}
        spec: Object = {"driver": DRIVER, "nodeName": self._node, "pool": pool}
        return {**spec, "devices": devices} if devices else spec

    def _new(self, spec: Object) -> Object:
        node = self._api.get(f"/api/v1/nodes/{self._node}")["metadata"]
        owner = {"apiVersion": "v1", "kind": "Node", "name": self._node, "uid": node["uid"], "controller": True}
        metadata = {"generateName": f"{self._node}-{DRIVER}-", "ownerReferences": [owner]}
        return {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice", "metadata": metadata, "spec": spec}

    def _check_taints(self, made: Object, wanted: Object) -> None:
        asked = any("taints" in one for one in wanted.get("devices", ()))
        kept = any("taints" in one for one in made["spec"].get("devices", ()))
        if asked and not kept:
            LOG.warning("this API server has no device taints: unhealthy devices are left out of the slice instead")
            self._taints = False
            self._work.set()
            self.reconcile()

    def _delete(self, one: Object) -> None:
        metadata = one["metadata"]
        self._api.delete(f"{PATH}/{metadata['name']}", metadata["uid"], metadata["resourceVersion"])

    def _watch_inventory(self) -> None:
        seen = -1
        while not self._stop.is_set():
            with self._inventory.changed:
                if self._inventory.changes == seen:
                    self._inventory.changed.wait(timeout=1.0)
                    continue
                seen = self._inventory.changes
            self._work.set()

    def _watch_server(self) -> None:
        while not self._stop.is_set():
            try:
                listed = self._api.get(PATH, fieldSelector=self._selector)
                self._work.set()
                version = str(listed["metadata"]["resourceVersion"])
                for _ in self._api.watch(PATH, version, fieldSelector=self._selector):
                    self._work.set()
                    if self._stop.is_set():
                        return
            except ApiError as problem:
                LOG.debug("%s", problem)
                self._stop.wait(RETRY_SECONDS)
