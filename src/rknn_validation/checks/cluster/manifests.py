"""The objects that are made on a cluster: a pod that runs a model and then holds the NPU, and the files it reads."""

from __future__ import annotations

import base64
import json
from importlib import resources
from typing import Any

from rknn_validation.checks.cluster.live import DRIVER, RESOURCE
from rknn_validation.checks.node.inference import INTERRUPTS
from rknn_validation.checks.node.library import TEFLON
from rknn_validation.common.errors import HarnessError
from rknn_validation.nodes.kubectl import Object
from rknn_validation.subject.inference import Inference, Model

FOLDER = "/run/rknn-validation"
"""Where a pod finds the files."""
MOST_BYTES = 1_000_000
"""Of all files together: a ConfigMap holds 1 MiB."""
TEMPLATE = "npu"
HOLD = "import signal; signal.pause()"
OPENS = """\
import glob, os, sys
found = [path for pattern in ("/dev/rknpu", "/dev/accel/*", "/dev/dri/*") for path in glob.glob(pattern)]
for path in found:
    os.close(os.open(path, os.O_RDWR))
    print("opened", path)
sys.exit(not found and "the container has no devnode of an NPU")
"""
"""What a pod does where no model is to be run."""
FETCH = """\
import hashlib, sys, urllib.request
url, digest, target = sys.argv.pop(2), sys.argv.pop(2), "/tmp/model"
data = urllib.request.urlopen(url, timeout=120).read()
if hashlib.sha256(data).hexdigest() != digest:
    sys.exit(f"{url} is another file than the one meant: expected SHA-256 {digest}")
open(target, "wb").write(data)
"""

CLAIM: Object = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceClaimTemplate",
    "metadata": {"name": TEMPLATE},
    "spec": {"spec": {"devices": {"requests": [{"name": "npu", "exactly": {"deviceClassName": DRIVER}}]}}},
}


def files(name: str, model: Inference) -> Object:
    """A ConfigMap with what the model needs. Raises HarnessError where it is too large for one."""
    found = {"input.npy": model.input, "golden.npy": model.golden}
    if model.model.file is not None:
        found[model.model.file.name] = model.model.file
    content = {one: path.read_bytes() for one, path in found.items()}
    size = sum(map(len, content.values()))
    if size > MOST_BYTES:
        raise HarnessError(
            f"the files of {model.words} are too large to be given to a pod",
            expected=f"at most {MOST_BYTES} bytes together",
            seen=f"{size} bytes",
            hint="give the model in validation.yaml by url or by node (a path in the image), or --image",
        )
    data = {one: base64.b64encode(text).decode() for one, text in content.items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "binaryData": data}


def command(stack: str, model: Inference | None) -> list[str]:
    """What the init container runs."""
    if model is None:
        return ["python3", "-c", OPENS]
    task = {
        "stack": stack,
        "model": _path(model.model),
        "input": f"{FOLDER}/input.npy",
        "golden": f"{FOLDER}/golden.npy",
        "runs": 1,
        "cpu_model": "",
        "delegate": TEFLON if stack == "mainline" else "",
        "load": "",
        "interrupts": INTERRUPTS,
    }
    runner = resources.files("rknn_validation.checks.node").joinpath("runner.py").read_text(encoding="utf-8")
    if not model.model.url:
        return [model.python, "-c", runner, json.dumps(task)]
    # The runner's own imports from __future__ have to come first.
    fetching = f"exec({FETCH!r})\nexec(compile({runner!r}, 'runner.py', 'exec'))"
    return [model.python, "-c", fetching, json.dumps(task), model.model.url, model.model.sha256]


def _path(model: Model) -> str:
    if model.file is not None:
        return f"{FOLDER}/{model.file.name}"
    return model.node or "/tmp/model"


def pod(name: str, node: str, image: str, stack: str, model: Inference | None, files: str, *, by_dra: bool) -> Object:
    """The pod, as docs/kubernetes.md says a pod that uses the NPU looks; bound to one node."""
    security: dict[str, Any] = {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    if stack == "vendor":
        # Rockchip's Python API reads the device tree, which container runtimes mask.
        security["procMount"] = "Unmasked"
    given = {"claims": [{"name": "npu"}]} if by_dra else {"limits": {RESOURCE: 1}}
    container: dict[str, Any] = {
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "resources": given,
        "securityContext": security,
        "volumeMounts": [{"name": "scratch", "mountPath": "/tmp"}],
    }
    volumes: list[Object] = [{"name": "scratch", "emptyDir": {"sizeLimit": "200Mi"}}]
    if model is not None:
        container["volumeMounts"].append({"name": "files", "mountPath": FOLDER, "readOnly": True})
        volumes.append({"name": "files", "configMap": {"name": files}})
    first = {"name": "model", "command": command(stack, model), **container}
    then = {"name": "hold", "command": [model.python if model else "python3", "-c", HOLD], **container}
    # By affinity and not by nodeName, which would pass the scheduler by.
    here = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    spec: Object = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [here]}}},
        "tolerations": [{"key": "rockchip.com/npu", "operator": "Exists"}],
        "initContainers": [first],
        "containers": [then],
        "volumes": volumes,
    }
    if stack == "vendor":
        spec["hostUsers"] = False
    if by_dra:
        spec["resourceClaims"] = [{"name": "npu", "resourceClaimTemplateName": TEMPLATE}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
