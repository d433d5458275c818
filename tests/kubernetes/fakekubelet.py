"""A kubelet as far as plugins meet it: it deletes their sockets when it starts, dials back, watches, and goes away.

Rules: kubernetes pkg/kubelet/cm/devicemanager, pkg/kubelet/pluginmanager, pkg/kubelet/cm/dra, 1.34 to 1.37. Calls have
kubelet's own deadlines: 10 s to dial, 1 s for GetInfo, 5 s for NotifyRegistrationStatus, 45 s to prepare.
"""

from __future__ import annotations

import contextlib
import shutil
import stat
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc
from fakeapi import SLICES, FakeApi
from rknn_npu_driver import wire

DRA_VERSIONS = ("v1", "v1beta1")
LOOP_SECONDS = 0.1
"""Kubelet's own loop over plugin sockets takes 1 s."""
CHECKPOINT = "kubelet_internal_checkpoint"


class FakeKubelet:
    """One run of kubelet on a directory; enter another for a restart. `dra_versions` are those this release knows."""

    def __init__(
        self, root: Path, api: FakeApi | None = None, node: str = "opi01", dra: Sequence[str] = DRA_VERSIONS
    ) -> None:
        self.root = root
        self.api = api
        self.node = node
        self.dra = tuple(f"{version}.DRAPlugin" for version in dra)
        self.resources: dict[str, str] = {}
        self.devices: dict[str, str] = {}
        self.lists = 0
        self.plugin: tuple[str, str, str] | None = None
        self.health: dict[str, tuple[int, str]] = {}
        self.refusals: list[str] = []
        self.changed = threading.Condition()
        self._folder = root / "device-plugins"
        self._stop = threading.Event()
        self._messages = wire.package("v1beta1").messages
        self._streams: list[Any] = []
        self._seen: dict[Path, tuple[int, int]] = {}

    def __enter__(self) -> FakeKubelet:
        for folder in (self._folder, self.root / "plugins_registry", self.root / "plugins"):
            folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.iterdir():
            if path.name != CHECKPOINT:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if self.api is not None:
            for one in list(self.api.slices):
                if one["spec"].get("nodeName") == self.node:
                    self.api.remove(f"{SLICES}/{one['metadata']['name']}")
        self._server = grpc.server(ThreadPoolExecutor(8), handlers=[wire.handler("v1beta1", "Registration", self)])
        self._server.add_insecure_port(f"unix:{self._folder / 'kubelet.sock'}")
        self._server.start()
        self._thread = threading.Thread(target=self._watch_plugins, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for stream in self._streams:
            stream.cancel()
        self._server.stop(0).wait(5)
        (self._folder / "kubelet.sock").unlink(missing_ok=True)
        self._thread.join(5)

    def wait(self, what: str, condition: Any, seconds: float = 15.0) -> None:
        """Wait until a condition holds, which is looked at after everything kubelet hears."""
        with self.changed:
            held = self.changed.wait_for(condition, timeout=seconds)
        assert held, f"{what} did not come within {seconds:g} s: {vars(self)}"

    def _tell(self) -> None:
        with self.changed:
            self.changed.notify_all()

    # Device plugins.

    def Register(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Dials back before it answers, as kubelet does."""
        if request.version != "v1beta1":
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"the version {request.version} is not supported")
        channel = grpc.insecure_channel(f"unix:{self._folder / request.endpoint}")
        plugin = wire.client(channel, "v1beta1", "DevicePlugin")
        try:
            plugin.GetDevicePluginOptions(self._messages.Empty(), timeout=10, wait_for_ready=True)
        except grpc.RpcError as problem:
            context.abort(grpc.StatusCode.INTERNAL, f"failed to dial {request.endpoint}: {problem}")
        self.resources[request.resource_name] = request.endpoint
        threading.Thread(target=self._list, args=(plugin,), daemon=True).start()
        self._tell()
        return self._messages.Empty()

    def _list(self, plugin: Any) -> None:
        stream = plugin.ListAndWatch(self._messages.Empty())
        self._streams.append(stream)
        with contextlib.suppress(grpc.RpcError):
            for response in stream:
                self.devices = {one.ID: one.health for one in response.devices}
                self.lists += 1
                self._tell()
        if not self._stop.is_set():
            self.devices = dict.fromkeys(self.devices, "Unhealthy")
            self._tell()

    def allocate(self, resource: str, ids: Sequence[str], seconds: float = 10.0) -> Any:
        """What one container is given. Raises grpc.RpcError."""
        request = self._messages.AllocateRequest()
        request.container_requests.add(devices_ids=ids)
        with grpc.insecure_channel(f"unix:{self._folder / self.resources[resource]}") as channel:
            response = wire.client(channel, "v1beta1", "DevicePlugin").Allocate(request, timeout=seconds)
        (answer,) = response.container_responses
        return answer

    # DRA.

    def _watch_plugins(self) -> None:
        while not self._stop.wait(LOOP_SECONDS):
            found = {path: path.stat() for path in self._sockets()}
            now = {path: (one.st_ino, one.st_ctime_ns) for path, one in found.items()}
            for path in [path for path in self._seen if now.get(path) != self._seen[path]]:
                del self._seen[path]
                self.plugin, self.health = None, {}
                self._tell()
            for path, identity in now.items():
                if path not in self._seen:
                    with contextlib.suppress(grpc.RpcError):
                        self._register(path)
                        self._seen[path] = identity

    def _sockets(self) -> Iterator[Path]:
        for path in (self.root / "plugins_registry").rglob("*"):
            with contextlib.suppress(OSError):
                if not path.name.startswith(".") and stat.S_ISSOCK(path.stat().st_mode):
                    yield path

    def _register(self, path: Path) -> None:
        messages = wire.package("pluginregistration").messages
        with grpc.insecure_channel(f"unix:{path}") as channel:
            registration = wire.client(channel, "pluginregistration", "Registration")
            info = registration.GetInfo(messages.InfoRequest(), timeout=1)
            version = next((one for one in info.supported_versions if one in self.dra), None)
            problem = "" if version else f"none of {list(info.supported_versions)} is supported"
            if info.type != "DRAPlugin":
                problem = f"no handler for plugins of type {info.type}"
            if problem:
                self.refusals.append(problem)
            status = messages.RegistrationStatus(plugin_registered=not problem, error=problem)
            registration.NotifyRegistrationStatus(status, timeout=5)
        if not problem and version:
            self.plugin = (info.name, info.endpoint, version.partition(".")[0])
            threading.Thread(target=self._watch_health, args=(info.endpoint,), daemon=True).start()
        self._tell()

    def _watch_health(self, endpoint: str) -> None:
        messages = wire.package("v1").messages
        channel = grpc.insecure_channel(f"unix:{endpoint}")
        stream = wire.client(channel, "v1", "DRAResourceHealth").NodeWatchResources(
            messages.NodeWatchResourcesRequest()
        )
        self._streams.append(stream)
        with contextlib.suppress(grpc.RpcError):
            for response in stream:
                self.health = {one.device.device_name: (one.health, one.message) for one in response.devices}
                self._tell()

    def prepare(self, *claims: tuple[str, str, str]) -> dict[str, Any]:
        """The driver's answers by UID, to claims as (namespace, uid, name)."""
        return self._call("Prepare", claims)

    def unprepare(self, *claims: tuple[str, str, str]) -> dict[str, Any]:
        """The driver's answers by UID."""
        return self._call("Unprepare", claims)

    def _call(self, what: str, claims: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
        assert self.plugin is not None, "no driver is registered"
        name = f"k8s.io.kubelet.pkg.apis.dra.{self.plugin[2]}"
        request = getattr(wire.package(name).messages, f"Node{what}ResourcesRequest")()
        for namespace, uid, claim in claims:
            request.claims.add(namespace=namespace, uid=uid, name=claim)
        with grpc.insecure_channel(f"unix:{self.plugin[1]}") as channel:
            method = getattr(wire.client(channel, name, "DRAPlugin"), f"Node{what}Resources")
            return dict(method(request, timeout=45).claims)
