"""The device plugin interface, v1beta1: for clusters without DRA, and for manifests that ask for `rockchip.com/npu`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc

from rknn_npu_driver import cdi, wire
from rknn_npu_driver.health import Inventory, Offered
from rknn_npu_driver.sockets import Server, identity

LOG = logging.getLogger(__name__)
RESOURCE = "rockchip.com/npu"
SOCKET = "rockchip-npu.sock"
PLUGINS = Path("/var/lib/kubelet/device-plugins")
KUBELET_SECONDS = 10.0
"""Kubelet dials back while it registers."""
POLL_SECONDS = 0.25

_MESSAGES = wire.package("v1beta1").messages


class DevicePlugin:
    """Serves kubelet the devices of an inventory. `with_cdi`: by CDI names; else by paths, for old containerd."""

    def __init__(
        self, inventory: Inventory, given: cdi.Given, folder: Path = PLUGINS, *, with_cdi: bool = True
    ) -> None:
        self.folder = folder
        self.registrations = 0
        self.allocations = 0
        self._inventory = inventory
        self._given = given
        self._with_cdi = with_cdi
        self._stop = threading.Event()

    # The service. Method names are the protocol's.

    def GetDevicePluginOptions(self, request: Any, context: grpc.ServicerContext) -> Any:
        """No options: kubelet may choose any device, and starts containers by itself."""
        return _MESSAGES.DevicePluginOptions()

    def ListAndWatch(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """All devices, at once and after every change."""
        seen = -1
        while context.is_active() and not self._stop.is_set():
            with self._inventory.changed:
                if self._inventory.changes == seen:
                    # Woken now and then, to notice that kubelet has gone.
                    self._inventory.changed.wait(timeout=1.0)
                    continue
                seen, offered = self._inventory.changes, self._inventory.offered
            yield _MESSAGES.ListAndWatchResponse(
                devices=[
                    _MESSAGES.Device(ID=one.name, health="Healthy" if one.healthy else "Unhealthy") for one in offered
                ]
            )

    def Allocate(self, request: Any, context: grpc.ServicerContext) -> Any:
        """What each container is given. Devices that are unknown or unhealthy are refused, with the reason."""
        response = _MESSAGES.AllocateResponse()
        for container in request.container_requests:
            answer = response.container_responses.add()
            chosen = [self._device(name, context) for name in container.devices_ids]
            if self._with_cdi:
                for one in chosen:
                    answer.cdi_devices.add(name=f"{cdi.KIND}={one.name}")
            else:
                self._by_path(answer, chosen, context)
        self.allocations += len(request.container_requests)
        return response

    def GetPreferredAllocation(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Kubelet does not call it, because the options say so."""
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "every NPU is as good as another")

    def PreStartContainer(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Kubelet does not call it, because the options say so."""
        return _MESSAGES.PreStartContainerResponse()

    def _device(self, name: str, context: grpc.ServicerContext) -> Offered:
        found = self._inventory.find(name)
        if found is None:
            known = ", ".join(one.name for one in self._inventory.offered) or "none"
            context.abort(grpc.StatusCode.NOT_FOUND, f"{name} is no device of this node (devices: {known})")
        assert found is not None
        if not found.healthy:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{name} is unhealthy: {found.problem}")
        return found

    def _by_path(self, answer: Any, chosen: list[Offered], context: grpc.ServicerContext) -> None:
        try:
            edits = [cdi.device(one.name, one.npu, self._given)["containerEdits"] for one in chosen]
        except OSError as problem:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{problem.filename}: {problem.strerror}")
        for edit in edits:
            for node in edit["deviceNodes"]:
                answer.devices.add(container_path=node["path"], host_path=node["path"], permissions=node["permissions"])
            for mount in edit.get("mounts", ()):
                answer.mounts.add(container_path=mount["containerPath"], host_path=mount["hostPath"], read_only=True)
            for variable in edit["env"]:
                name, _, value = variable.partition("=")
                answer.envs[name] = value

    # Registration.

    def run(self) -> None:
        """Serve, and register with kubelet whenever it has started anew, until `stop`."""
        server: Server | None = None
        registered: tuple[int, int, int] | None = None
        try:
            while not self._stop.is_set():
                kubelet = identity(self.folder / "kubelet.sock")
                if server is None or not server.present:  # kubelet's start deletes every socket but its own
                    if server is not None:
                        server.stop(grace=0)
                    server = Server(self.folder / SOCKET, [wire.handler("v1beta1", "DevicePlugin", self)])
                    registered = None
                if kubelet is not None and registered != kubelet and self._inventory.offered:
                    registered = kubelet if self._register() else None
                self._stop.wait(POLL_SECONDS)
        finally:
            if server is not None:
                server.stop()

    def _register(self) -> bool:
        address = f"unix:{self.folder / 'kubelet.sock'}"
        request = _MESSAGES.RegisterRequest(version="v1beta1", endpoint=SOCKET, resource_name=RESOURCE)
        request.options.SetInParent()
        try:
            with grpc.insecure_channel(address) as channel:
                wire.client(channel, "v1beta1", "Registration").Register(request, timeout=KUBELET_SECONDS)
        except grpc.RpcError as problem:
            LOG.warning("kubelet did not register %s: %s", RESOURCE, problem.details())
            self._stop.wait(1.0)
            return False
        self.registrations += 1
        LOG.info("registered %s with kubelet", RESOURCE)
        return True

    def stop(self) -> None:
        """End `run` and the streams."""
        self._stop.set()
        with self._inventory.changed:
            self._inventory.changed.notify_all()
