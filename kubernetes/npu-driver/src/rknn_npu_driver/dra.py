"""The DRA interface: kubelet's plugin registration, DRAPlugin v1 and v1beta1, and the health of devices."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import grpc

from rknn_npu_driver import cdi, wire
from rknn_npu_driver.checkpoint import Checkpoint, Device, Prepared
from rknn_npu_driver.health import Inventory, Offered
from rknn_npu_driver.sockets import Server

LOG = logging.getLogger(__name__)
DRIVER = "npu.rockchip.com"
KUBELET = Path("/var/lib/kubelet")
DRA_VERSIONS = ("v1", "v1beta1")
HEALTH_VERSIONS = ("v1", "v1alpha1")
HEALTH_TIMEOUT_SECONDS = 60
"""Kubelet takes a device for unknown that it has not heard of for this long."""
POLL_SECONDS = 0.25

_PACKAGE = "k8s.io.kubelet.pkg.apis.dra."
_HEALTHY, _UNHEALTHY = 1, 2
_MESSAGE_BYTES = 1024


class Refused(Exception):
    """A claim cannot be prepared, with the reason for whoever reads the pod's events."""


class Claims(Protocol):
    """Where claims are read: the API server."""

    def claim(self, namespace: str, name: str) -> Mapping[str, Any]:
        """A ResourceClaim. Raises Exception."""


class DraPlugin:
    """Prepares claims and tells of health. `pool` is the node's name."""

    def __init__(self, inventory: Inventory, claims: Claims, checkpoint: Checkpoint, pool: str) -> None:
        self.checkpoint = checkpoint
        self.prepared = 0
        self.refused = 0
        self._inventory = inventory
        self._claims = claims
        self._pool = pool
        self._turn = threading.Lock()
        self._stop = threading.Event()

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """The services on the driver's own socket, in each version kubelet may know."""
        services = [
            wire.handler(f"{_PACKAGE}{version}", "DRAPlugin", _Versioned(self, version)) for version in DRA_VERSIONS
        ]
        return services + [
            wire.handler(version, "DRAResourceHealth", _Health(self, version)) for version in HEALTH_VERSIONS
        ]

    def prepare(self, namespace: str, uid: str, name: str) -> tuple[Device, ...]:
        """The devices of a claim, remembered as prepared. Asked again it answers the same. Raises Refused."""
        with self._turn:
            known = self.checkpoint.claims.get(uid)
            if known is not None:
                self._present(known.devices)
                return known.devices
            devices = self._allocated(namespace, uid, name)
            self._present(devices)
            for other, claim in self.checkpoint.claims.items():
                taken = {device.name for device in claim.devices} & {device.name for device in devices}
                if taken:
                    whose = f"{claim.namespace}/{claim.name} (UID {other})"
                    raise Refused(f"{', '.join(sorted(taken))} is still prepared for the claim {whose}")
            try:
                self.checkpoint.add(uid, Prepared(namespace, name, devices))
            except OSError as problem:
                raise Refused(f"the claim cannot be recorded on this node: {problem.strerror}") from problem
            self.prepared += 1
            return devices

    def unprepare(self, uid: str) -> None:
        """Forget a claim. Raises Refused where that cannot be recorded."""
        with self._turn:
            try:
                self.checkpoint.remove(uid)
            except OSError as problem:
                raise Refused(f"the release cannot be recorded on this node: {problem.strerror}") from problem

    def _allocated(self, namespace: str, uid: str, name: str) -> tuple[Device, ...]:
        try:
            claim = self._claims.claim(namespace, name)
        except Exception as problem:
            raise Refused(f"the claim {namespace}/{name} cannot be read: {problem}") from problem
        if claim["metadata"]["uid"] != uid:
            raise Refused(
                f"{namespace}/{name} is another claim by now: UID {claim['metadata']['uid']}, asked for {uid}"
            )
        allocation = claim.get("status", {}).get("allocation")
        if not allocation:
            raise Refused(f"{namespace}/{name} is not allocated")
        results = [one for one in allocation.get("devices", {}).get("results", ()) if one["driver"] == DRIVER]
        elsewhere = sorted({one["pool"] for one in results} - {self._pool})
        if elsewhere:
            raise Refused(f"{namespace}/{name} is allocated on {elsewhere[0]}, and this node is {self._pool}")
        if not results:
            raise Refused(f"{namespace}/{name} has no device of {DRIVER}")
        requests: dict[str, list[str]] = {}
        for one in results:
            requests.setdefault(str(one["device"]), []).append(str(one["request"]))
        return tuple(Device(tuple(names), self._pool, device) for device, names in requests.items())

    def _present(self, devices: tuple[Device, ...]) -> None:
        for device in devices:
            found = self._inventory.find(device.name)
            if found is None:
                raise Refused(f"{device.name} is no device of this node: no driver offers an NPU")
            if not found.healthy:
                raise Refused(f"{device.name} is unhealthy: {found.problem}")

    def health(self, context: grpc.ServicerContext) -> Iterator[tuple[Offered, ...]]:
        """The devices, at once, after every change, and again before kubelet doubts them."""
        seen, told = -1, 0.0
        while context.is_active() and not self._stop.is_set():
            with self._inventory.changed:
                due = time.monotonic() - told > HEALTH_TIMEOUT_SECONDS / 3
                if self._inventory.changes == seen and not due:
                    self._inventory.changed.wait(timeout=1.0)
                    continue
                seen, told, offered = self._inventory.changes, time.monotonic(), self._inventory.offered
            yield offered

    @property
    def pool(self) -> str:
        """The pool of this node's devices."""
        return self._pool

    def stop(self) -> None:
        """End the streams."""
        self._stop.set()
        with self._inventory.changed:
            self._inventory.changed.notify_all()


class _Versioned:
    """DRAPlugin in the messages of one version. A claim that fails does not fail the others of the same call."""

    def __init__(self, plugin: DraPlugin, version: str) -> None:
        self._plugin = plugin
        self._messages = wire.package(f"{_PACKAGE}{version}").messages

    def NodePrepareResources(self, request: Any, context: grpc.ServicerContext) -> Any:
        response = self._messages.NodePrepareResourcesResponse()
        for claim in request.claims:
            answer = response.claims[claim.uid]
            try:
                devices = self._plugin.prepare(claim.namespace, claim.uid, claim.name)
            except Refused as problem:
                self._plugin.refused += 1
                LOG.warning("claim %s/%s: %s", claim.namespace, claim.name, problem)
                answer.error = str(problem)
                continue
            for device in devices:
                answer.devices.add(
                    request_names=device.requests,
                    pool_name=device.pool,
                    device_name=device.name,
                    cdi_device_ids=[f"{cdi.KIND}={device.name}"],
                )
        return response

    def NodeUnprepareResources(self, request: Any, context: grpc.ServicerContext) -> Any:
        response = self._messages.NodeUnprepareResourcesResponse()
        for claim in request.claims:
            answer = response.claims[claim.uid]
            try:
                self._plugin.unprepare(claim.uid)
            except Refused as problem:
                answer.error = str(problem)
        return response


class _Health:
    """DRAResourceHealth in the messages of one version."""

    def __init__(self, plugin: DraPlugin, version: str) -> None:
        self._plugin = plugin
        self._messages = wire.package(version).messages

    def NodeWatchResources(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        for offered in self._plugin.health(context):
            response = self._messages.NodeWatchResourcesResponse()
            for one in offered:
                entry = response.devices.add(
                    health=_HEALTHY if one.healthy else _UNHEALTHY,
                    last_updated_time=int(time.time()),
                    health_check_timeout_seconds=HEALTH_TIMEOUT_SECONDS,
                    message=one.problem.encode()[:_MESSAGE_BYTES].decode(errors="ignore"),
                )
                entry.device.pool_name, entry.device.device_name = self._plugin.pool, one.name
            yield response


class Registration:
    """Tells kubelet's plugin watcher where the driver is, on a socket of its own that kubelet finds by itself."""

    def __init__(
        self, plugin: DraPlugin, kubelet: Path = KUBELET, told: Callable[[bool], None] = lambda _: None
    ) -> None:
        self.registered = False
        self.error = ""
        self._plugin = plugin
        self._own = kubelet / "plugins" / DRIVER / "dra.sock"
        self._watched = kubelet / "plugins_registry" / f"{DRIVER}-reg.sock"
        self._told = told
        self._stop = threading.Event()
        self._messages = wire.package("pluginregistration").messages

    def GetInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        """What kubelet is to know; of the versions it takes the first that it knows."""
        versions = [f"{version}.DRAPlugin" for version in DRA_VERSIONS]
        versions += [f"{version}.DRAResourceHealth" for version in HEALTH_VERSIONS]
        return self._messages.PluginInfo(
            type="DRAPlugin", name=DRIVER, endpoint=str(self._own), supported_versions=versions
        )

    def NotifyRegistrationStatus(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Kubelet's answer."""
        self.registered, self.error = request.plugin_registered, request.error
        if self.registered:
            LOG.info("kubelet has registered %s", DRIVER)
        else:
            LOG.error("kubelet refused %s: %s", DRIVER, self.error)
        self._told(self.registered)
        return self._messages.RegistrationStatusResponse()

    def run(self) -> None:
        """Serve until `stop`; a socket that is deleted is made again, which kubelet takes for a new registration."""
        servers: list[Server] = []
        try:
            while not self._stop.is_set():
                if not servers or not all(server.present for server in servers):
                    for server in reversed(servers):
                        server.stop(grace=0)
                    self.registered = False
                    # Kubelet dials the driver's own socket as soon as it sees the other.
                    servers = [Server(self._own, self._plugin.handlers())]
                    servers.append(Server(self._watched, [wire.handler("pluginregistration", "Registration", self)]))
                self._stop.wait(POLL_SECONDS)
        finally:
            self._plugin.stop()
            for server in reversed(servers):
                server.stop()

    def stop(self) -> None:
        """End `run`."""
        self._stop.set()
