"""A small cluster: an API server, a scheduler, and nodes with a kubelet and the real driver, whose pods are processes.

The scheduler gives a device to one claim at a time and says why a pod waits; kubelet prepares claims with the driver
before it starts anything, and releases them when a pod is gone; containers are processes of this machine. A `fault`
breaks one of these.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc
from fakeapi import SLICES, FakeApi, Object
from fakekubelet import FakeKubelet
from fakenode import Driver, FakeNode, until

from rknn_validation.checks.cluster.live import CLAIMS, CLASS, DRIVER, RESOURCE
from rknn_validation.checks.cluster.manifests import FOLDER

PODS, SPACES, NODES = "/api/v1/pods", "/api/v1/namespaces", "/api/v1/nodes"
ALONE = ("0/2 nodes are available: 1 cannot allocate all claims, 1 node(s) didn't match Pod's node affinity/selector. "
         "still not schedulable, preemption: not helpful for scheduling.")  # fmt: skip
RKNNLITE = """\
import numpy, os
class RKNNLite:
    def load_rknn(self, path): return 0 if open(path, "rb").read(4) == b"RKNN" else -1
    def init_runtime(self): return 0
    def inference(self, inputs):
        right = numpy.load(os.environ["FAKE_OUTPUT"])
        return [right.ravel()[::-1].reshape(right.shape) if "FAKE_WRONG" in os.environ else right]
"""
"""Rockchip's Python API on an NPU that computes what was recorded, or that the wrong way round."""


class FakeCluster(FakeApi):
    """The cluster while it is entered: the first of its nodes has an NPU and the driver, the second has neither.

    `interface` is how the NPU is offered, `stack` whose it is. `faults` are of: wrong (the NPU computes otherwise),
    both (the scheduler gives a device twice), leak (a claim outlives its pod), stays (an evicted pod stays), dead (a
    driver that is killed stays away), rest (claims outlive their namespace), admission (kubelet refuses pods), image
    (no image can be pulled).
    """

    def __init__(
        self,
        root: Path,
        output: Path,
        *faults: str,
        interface: str = "dra",
        names: tuple[str, str] = ("opi01", "rpi01"),
        stack: str = "vendor",
    ) -> None:
        super().__init__()
        self.faults = set(faults)
        self.interface = interface
        self.own, self.other = names
        self.stack = stack
        self.root = root
        own = {"FAKE_OUTPUT": str(output), "PYTHONPATH": str(root / "modules")}
        self.environment = {**os.environ, **own, **({"FAKE_WRONG": "1"} if "wrong" in faults else {})}
        (root / "modules/rknnlite").mkdir(parents=True)
        (root / "modules/rknnlite/api.py").write_text(RKNNLITE)
        self.verdict = root / "verdict.json"
        self.verdict.write_text(json.dumps({"verdict": "pass", "reason": "Validated", "message": "all checks passed"}))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.driver: Driver | None = None
        self._owned = ExitStack()
        self._over = threading.Event()

    def __enter__(self) -> FakeCluster:
        super().__enter__()
        labels = {f"{RESOURCE}.present": "true", f"{RESOURCE}.stack": self.stack}
        for name, own in ((self.own, labels), (self.other, {})):
            conditions = [{"type": "Ready", "status": "True"}]
            body = {"spec": {}, "status": {"conditions": conditions, "allocatable": {"cpu": "8"}}}
            self.put(f"{NODES}/{name}", {"metadata": {"labels": dict(own)}, **body})
        self.put(CLASS, {"spec": {"selectors": [{"cel": {"expression": f'device.driver == "{DRIVER}"'}}]}})
        self.node = self._owned.enter_context(FakeNode())
        self.node.vendor_misc() if self.stack == "vendor" else self.node.mainline()
        self.boot()
        self._thread = threading.Thread(target=self._control, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join(10)
        for process in self.processes.values():
            process.kill()
            process.wait()
        self._running.close()
        self._owned.close()
        super().__exit__(kind, value, trace)

    def kubeconfig(self) -> Path:
        """A kubeconfig with the context `lab`, with a user and a cluster of its own."""
        path = self.root / "kubeconfig"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "contexts": [{"name": "lab", "context": {"cluster": "it", "user": "it"}}],
            "clusters": [{"name": "it", "cluster": {"server": self.url}}],
            "users": [{"name": "it", "user": {}}],
        }
        path.write_text(json.dumps(config))
        return path

    # The driver, as a pod of a DaemonSet.

    def start_driver(self) -> None:
        """Start it, and wait until its node offers the NPU."""
        words = [
            f"--interface={self.interface}",
            f"--node={self.own}",
            f"--kubeconfig={self.node.kubeconfig(self.url)}",
        ]
        self.driver = self.node.driver(*words, f"--verdict={self.verdict}")
        labels = {"app": "rknn-npu-driver"}
        pod = {"metadata": {"namespace": "rknn", "labels": labels}, "spec": {"nodeName": self.own}}
        self.put(f"{SPACES}/rknn/pods/driver-{len(self.node.drivers)}", {**pod, "status": {"phase": "Running"}})
        if self.interface == "dra":
            until("the slice", lambda: any(one["spec"].get("devices") for one in self.slices))
        else:
            until("the device", lambda: self.kubelet.devices)
            self._count()
        until("the condition", lambda: any(one["type"] == "NPUReady" for one in self._node()["status"]["conditions"]))

    def boot(self) -> None:
        """Start kubelet, which deletes the slices of its node, and the driver."""
        self.kubelet = FakeKubelet(self.node.kubelet, self, self.own).__enter__()
        self._running = ExitStack()
        self._running.push(self.kubelet)
        self.start_driver()

    def shutdown(self) -> None:
        """End everything that runs on the node; /run is empty afterwards."""
        for name, process in list(self.processes.items()):
            process.kill()
            process.wait()
            for path in [one for one in list(self.objects) if one.endswith(f"/pods/{name}")]:
                self._merge(path, status={"phase": "Failed", "reason": "Terminated"})
        assert self.driver is not None
        self.driver.kill()
        self._running.close()
        for spec in (self.node.root / "cdi").glob("*"):
            spec.unlink()

    def kill_driver(self) -> None:
        """SIGKILL; whoever watches over it starts another."""
        assert self.driver is not None
        self.driver.kill()
        if "dead" not in self.faults:
            threading.Thread(target=self.start_driver, daemon=True).start()

    def _node(self) -> Object:
        return self.objects[f"{NODES}/{self.own}"]

    def _count(self) -> None:
        with self._changed:
            node = json.loads(json.dumps(self._node()))
            node["status"]["allocatable"][RESOURCE] = str(len(self.kubelet.devices))
            self.put(f"{NODES}/{self.own}", node)

    # The API server's side of pods and namespaces.

    def answer(self, method: str, target: str, body: Object | None) -> tuple[int, Any]:
        """What the server itself does with pods and namespaces: they end before they are gone."""
        path = urlsplit(target).path
        if path.endswith("/log"):
            log = self.root / f"{path.split('/')[-2]}-{parse_qs(urlsplit(target).query)['container'][0]}.log"
            return (200, log.read_text()) if log.exists() else (404, {"message": "no log"})
        if path.endswith("/eviction"):
            if "stays" not in self.faults:
                self._ending(path.removesuffix("/eviction"))
            return 201, {"kind": "Status", "status": "Success"}
        if method == "DELETE" and path in self.objects and ("/pods/" in path or path.rpartition("/")[0] == SPACES):
            self.requests.append(f"{method} {path}")
            self._ending(path)
            return 200, {"kind": "Status", "status": "Success"}
        if method == "POST" and path.endswith("/pods") and body is not None:
            if f"{path.removesuffix('/pods')}/serviceaccounts/default" not in self.objects:
                return 403, {"message": 'pods is forbidden: serviceaccount "default" not found'}
            body.setdefault("status", {"phase": "Pending"})
            body["metadata"]["namespace"] = path.split("/")[-2]
        return super().answer(method, target, body)

    def _ending(self, path: str) -> None:
        if "deletionTimestamp" not in self.objects[path]["metadata"]:
            self._merge(path, metadata={**self.objects[path]["metadata"], "deletionTimestamp": "now"})

    # Scheduler, kubelet and namespace controller, in one loop.

    def _control(self) -> None:
        while not self._over.is_set():
            with self._changed:
                self._changed.wait(timeout=0.05)
            for path, one in list(self.objects.items()):
                if "/pods/" in path:
                    self._pod(path, one)
                elif path.rpartition("/")[0] == SPACES:
                    self._space(path, one)

    def _space(self, path: str, space: Object) -> None:
        """A namespace gets its account soon after it was made, and ends with everything in it."""
        account = f"{path}/serviceaccounts/default"
        if "deletionTimestamp" in space["metadata"]:
            self._end_space(path)
        elif account not in self.objects:
            self.put(account, {"metadata": {"namespace": path.rpartition("/")[2]}})

    def _end_space(self, path: str) -> None:
        inside = [one for one in list(self.objects) if f"/namespaces/{path.rpartition('/')[2]}/" in one]
        for one in inside:
            if "/pods/" in one:
                self._ending(one)
            elif "resourceclaims/" not in one:
                self.remove(one)
        if all("resourceclaims/" in one for one in inside):
            self.remove(path)

    def _pod(self, path: str, pod: Object) -> None:
        name, space = pod["metadata"]["name"], pod["metadata"]["namespace"]
        if "deletionTimestamp" in pod["metadata"]:
            self._end_pod(path, name, space)
        elif space == "rknn":
            return
        elif "nodeName" not in pod["spec"]:
            self._schedule(path, pod, name, space)
        elif pod["status"]["phase"] == "Pending":
            self._run(path, pod, name, space)

    def _end_pod(self, path: str, name: str, space: str) -> None:
        if space == "rknn":
            self.remove(path)
            self.kill_driver()
            return
        process = self.processes.pop(name, None)
        if process is not None:
            process.kill()
            process.wait()
        claim = f"{_claims(space)}/{name}-npu"
        if claim in self.objects:
            if "leak" not in self.faults and not self._unprepared(claim, name, space):
                return  # kubelet tries again
            if "rest" not in self.faults and "leak" not in self.faults:
                self.remove(claim)
        self.remove(path)

    def _unprepared(self, claim: str, name: str, space: str) -> bool:
        with contextlib.suppress(grpc.RpcError, AssertionError):
            uid = self.objects[claim]["metadata"]["uid"]
            return not self.kubelet.unprepare((space, uid, f"{name}-npu"))[uid].error
        return False

    def _schedule(self, path: str, pod: Object, name: str, space: str) -> None:
        if self._node()["spec"].get("unschedulable"):
            return self._waits(path, pod, "0/2 nodes are available: 1 node(s) were unschedulable.")
        if "resourceClaims" not in pod["spec"]:
            specs = [one.get("spec", {}) for one in list(self.objects.values())]
            used = [one for one in specs if "nodeName" in one and RESOURCE in str(one.get("containers"))]
            if len(used) >= int(self._node()["status"]["allocatable"].get(RESOURCE, "0")):
                return self._waits(path, pod, f"0/2 nodes are available: 1 Insufficient {RESOURCE}.")
        else:
            taken = {result["device"] for one in self._allocated() for result in one}
            found = [one for slice in self.slices for one in slice["spec"].get("devices", ()) if "taints" not in one]
            free = [one["name"] for one in found if one["name"] not in taken or "both" in self.faults]
            if not free:
                return self._waits(path, pod, ALONE)
            result = {"request": "npu", "driver": DRIVER, "pool": self.own, "device": free[0]}
            status = {"allocation": {"devices": {"results": [result]}}, "reservedFor": [{"name": name}]}
            claim = {"metadata": {"namespace": space}, "spec": {}, "status": status}
            self.put(f"{_claims(space)}/{name}-npu", claim)
        conditions = [{"type": "PodScheduled", "status": "True"}]
        status = {"phase": "Pending", "conditions": conditions}
        self._merge(path, spec={**pod["spec"], "nodeName": self.own}, status=status)
        return None

    def _merge(self, path: str, **parts: Object) -> None:
        """Change parts of an object that others change as well; one that is gone stays so."""
        with self._changed:
            if path in self.objects:
                self.put(path, {**self.objects[path], **parts})

    def _allocated(self) -> list[list[Object]]:
        claims = [one for path, one in list(self.objects.items()) if "/resourceclaims/" in path]
        return [one["status"]["allocation"]["devices"]["results"] for one in claims]

    def _waits(self, path: str, pod: Object, why: str) -> None:
        told = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": why}]
        if pod["status"].get("conditions") != told:
            self._merge(path, status={"phase": "Pending", "conditions": told})

    def _run(self, path: str, pod: Object, name: str, space: str) -> None:
        if "admission" in self.faults:
            told = "Allocate failed due to no healthy devices present"
            return self._status(path, pod, "Failed", reason="UnexpectedAdmissionError", message=told)
        if "image" in self.faults:
            waiting = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
            return self._status(path, pod, "Pending", initContainerStatuses=[_state("model", waiting=waiting)])
        process = self.processes.get(name)
        if process is None:
            if self._prepared(pod, name, space):
                self.processes[name] = self._start(pod, name, space, pod["spec"]["initContainers"][0])
        elif process.poll() is not None:
            ended = [_state("model", terminated={"exitCode": process.returncode})]
            if process.returncode:
                return self._status(path, pod, "Failed", initContainerStatuses=ended)
            self.processes[name] = self._start(pod, name, space, pod["spec"]["containers"][0])
            running = [_state("hold", running={})]
            self._status(path, pod, "Running", initContainerStatuses=ended, containerStatuses=running)
        return None

    def _prepared(self, pod: Object, name: str, space: str) -> bool:
        if "resourceClaims" not in pod["spec"]:
            return bool(self.kubelet.allocate(RESOURCE, list(self.kubelet.devices)[:1]))
        if "both" in self.faults:
            return True
        uid = self.objects[f"{_claims(space)}/{name}-npu"]["metadata"]["uid"]
        return self.kubelet.plugin is not None and not self.kubelet.prepare((space, uid, f"{name}-npu"))[uid].error

    def _start(self, pod: Object, name: str, space: str, container: Object) -> subprocess.Popen[bytes]:
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        for volume in pod["spec"]["volumes"]:
            if "configMap" in volume:
                files = self.objects[f"{SPACES}/{space}/configmaps/{volume['configMap']['name']}"]["binaryData"]
                for file, text in files.items():
                    (folder / file).write_bytes(base64.b64decode(text))
        places = {FOLDER: str(folder), '"/dev/': f'"{self.node.dev}/'}
        words = [_replaced(word, places) for word in container["command"]]
        with (self.root / f"{name}-{container['name']}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, *words[1:]], env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _status(self, path: str, pod: Object, phase: str, **more: Any) -> None:
        status = {**pod["status"], "phase": phase, **more}
        if status != pod["status"]:
            self._merge(path, status=status)


def _replaced(word: str, places: Mapping[str, str]) -> str:
    for name, place in places.items():
        word = word.replace(name, place)
    return word


def _claims(space: str) -> str:
    return f"{CLAIMS.rpartition('/')[0]}/namespaces/{space}/resourceclaims"


def _state(name: str, **state: Any) -> Object:
    return {"name": name, "state": state}


__all__ = ["SLICES", "FakeCluster"]
