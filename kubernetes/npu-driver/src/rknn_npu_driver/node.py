"""Tells the cluster whether the NPU works: the condition `NPUReady` of the node, and labels in a file of NFD.

The condition suits the Node Readiness Controller. Its reason comes from the harness's verdict where one was left on the
node, else from the health of the device.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path

from rknn_npu_driver.api import Api, Object
from rknn_npu_driver.health import Offered
from rknn_npu_driver.npu import Machine

LOG = logging.getLogger(__name__)
CONDITION = "NPUReady"
LABEL = "rockchip.com/npu"
FEATURES = Path("/etc/kubernetes/node-feature-discovery/features.d")
EXPIRES_SECONDS = 3600


@dataclass(frozen=True)
class Readiness:
    """A condition: `status` is True, False or Unknown, `reason` one word in CamelCase, `message` a sentence."""

    status: str
    reason: str
    message: str


def readiness(offered: tuple[Offered, ...], verdict: Path | None, *, proved: bool = False) -> Readiness:
    """Whether the NPU is ready: offered, healthy, and seen to work. A devnode that opens is no proof of that.

    `verdict` is a JSON file with `verdict` (pass, fail or inconclusive), `reason` and `message`. `proved`: the driver's
    own probe ran a model, and the output was right.
    """
    if not offered:
        return Readiness("False", "NoDevice", "no driver offers an NPU on this node")
    if not offered[0].healthy:
        return Readiness("False", "Unhealthy", offered[0].problem)
    if verdict is None and proved:
        return Readiness("True", "ModelRan", "the probe ran a model, and the output was right")
    if verdict is None:
        return Readiness(
            "Unknown", "NotValidated", f"{offered[0].npu.nodes[0].path} is there; its output was not checked"
        )
    try:
        told = json.loads(verdict.read_text())
        status = {"pass": "True", "fail": "False"}.get(told["verdict"], "Unknown")
        return Readiness(status, str(told["reason"]), str(told["message"])[:1024])
    except FileNotFoundError:
        return Readiness("Unknown", "NotValidated", f"no verdict was left in {verdict} yet")
    except (OSError, ValueError, KeyError, TypeError) as problem:
        return Readiness("Unknown", "VerdictUnreadable", f"{verdict}: {problem}")


def publish(api: Api, node: str, now: Readiness) -> None:
    """Set the node's condition; the time of its last change moves only when its status does. Raises ApiError."""
    conditions = api.get(f"/api/v1/nodes/{node}").get("status", {}).get("conditions", ())
    before = next((one for one in conditions if one["type"] == CONDITION), None)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    changed = before is None or before["status"] != now.status
    condition: Object = {
        "type": CONDITION,
        "status": now.status,
        "reason": now.reason,
        "message": now.message,
        "lastHeartbeatTime": stamp,
        "lastTransitionTime": stamp if changed or before is None else before["lastTransitionTime"],
    }
    api.patch(f"/api/v1/nodes/{node}/status", {"status": {"conditions": [condition]}})


def warn_shared(api: Api, node: str, replicas: int) -> None:
    """Say in an Event of the node that containers share the NPU. Raises ApiError."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    uid = api.get(f"/api/v1/nodes/{node}")["metadata"]["uid"]
    event: Object = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{node}.npu-shared-", "namespace": "default"},
        "involvedObject": {"apiVersion": "v1", "kind": "Node", "name": node, "uid": uid},
        "type": "Warning",
        "reason": "NPUShared",
        "message": f"{replicas} containers may share one NPU (--replicas): two clients can crash drivers before 0.9.7",
        "source": {"component": "rknn-npu-driver", "host": node},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
    api.create("/api/v1/namespaces/default/events", event)


def features(offered: tuple[Offered, ...], machine: Machine, ready: Readiness) -> str:
    """A file for NFD's features.d. It expires, so that a driver that has gone takes its labels along."""
    labels = {f"{LABEL}.present": str(bool(offered)).lower(), f"{LABEL}.ready": str(ready.status == "True").lower()}
    if offered:
        npu = offered[0].npu
        labels |= {f"{LABEL}.stack": npu.stack, f"{LABEL}.cores": str(npu.cores), f"{LABEL}.soc": machine.soc}
        labels |= {f"{LABEL}.driver-version": npu.driver_version} if npu.driver_version else {}
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + EXPIRES_SECONDS))
    return "".join(
        [f"# +expiry-time={until}\n", *(f"{name}={value}\n" for name, value in sorted(labels.items()) if value)]
    )


def write_features(folder: Path, text: str) -> None:
    """Write the file whole. Raises OSError."""
    part = folder / ".rockchip-npu"  # NFD skips names with a leading dot
    part.write_text(text)
    part.rename(folder / "rockchip-npu")
