"""The vendor's Python API reads only its own hard-coded paths, so these checks run the API itself."""

from __future__ import annotations

import re

from rknn_validation.checks.model import Answer, failed, inconclusive, passed, skipped
from rknn_validation.checks.node.client import of_owner, of_services, owners
from rknn_validation.checks.node.registry import NODE_CHECKS, NodeUnderTest, Ran, absent
from rknn_validation.machine.activation.python import is_toolkit
from rknn_validation.npu.stacks import PYTHON_RUNTIME_PATHS

# The API needs a model before it looks for the runtime; whether the runtime accepts the model does not matter here.
_PROGRAM = """\
import sys, tempfile
from rknnlite.api import RKNNLite
with tempfile.NamedTemporaryFile(suffix=".rknn") as model:
    model.write(b"RKNN" + bytes(4096))
    model.flush()
    api = RKNNLite()
    print("load_rknn", api.load_rknn(model.name))
    print("init_runtime", api.init_runtime())
"""
NO_API = "the configuration has no Python API (rknn-toolkit-lite2)"
_REACHED = ("rknn_init", "RKNN_ERR", "RKNN_MAGIC", "Invalid RKNN model")
_MESSAGES = {
    "Can not find dynamic library": "no runtime for the Python API: /usr/lib/librknnrt.so is missing or dangling",
    "No module named 'rknnlite": "python3 cannot import rknnlite: it has to be composed in (python3.withPackages)",
    "invalid ELF header": "/usr/lib/librknnrt.so is not a library",
    "file too short": "/usr/lib/librknnrt.so is a truncated file",
    "undefined symbol": "the runtime lacks a function this version of the API calls",
    "Please specify the target": "the Python API does not recognise a Rockchip board (/proc/device-tree)",
    "not found": "there is no python3 in a login shell's PATH",
}


@NODE_CHECKS.check(
    "python.runtime-in-place",
    "The runtime is where the Python API looks for it",
    remedy="Link /usr/lib/librknnrt.so to the package's lib/librknnrt.so: the API does not read LD_LIBRARY_PATH.",
    stacks=("vendor",),
)
def runtime_in_place(node: NodeUnderTest) -> Answer:
    """One of the API's hard-coded paths points to a file in the store."""
    if not _has_toolkit(node):
        return absent(node, "python", NO_API)
    ran = node.run("ls -ld %s %s %s; readlink -e %s %s %s", *PYTHON_RUNTIME_PATHS, *PYTHON_RUNTIME_PATHS)
    real = [line for line in ran.lines if line.startswith("/")]
    if not real:
        return failed("the Python API will not find the runtime: none of its paths exists", ran.evidence)
    if not real[0].startswith("/nix/store/"):
        return failed(f"the Python API finds {real[0]}, which is not in the store", ran.evidence)
    return passed(f"the Python API finds {real[0]}", ran.evidence)


@NODE_CHECKS.check(
    "python.works-as-root",
    "RKNNLite().init_runtime() reaches the runtime as root",
    remedy="Compose python3 with rknn-toolkit-lite2, and link /usr/lib/librknnrt.so to the runtime.",
    stacks=("vendor",),
)
def works_as_root(node: NodeUnderTest) -> Answer:
    """The vendor's own wheel, in root's login shell."""
    if own := owners(node.expectation.configuration):
        return skipped(f"only {', '.join(own)} has the Python API: python.works-as-service-user checks it there")
    return _asked(node, "env -i HOME=/root USER=root $(command -v bash) -lc", "root")


@NODE_CHECKS.check(
    "python.works-as-service-user",
    "RKNNLite().init_runtime() reaches the runtime as a service's user",
    remedy="Make the library, the link and their directories readable by every user.",
    stacks=("vendor",),
)
def works_as_service_user(node: NodeUnderTest) -> Answer:
    """The vendor's own wheel, as a user who has it: an expected service, a person, else a user in group render."""
    expectation = node.expectation
    for service, arguments in of_services(expectation.scenario, expectation.configuration):
        ran = node.run(f"cd /tmp; {' '.join(service.words)} %s", *arguments, _PROGRAM)
        if not service.known and "No module named 'rknnlite" in ran.stderr:
            why = f"the Python of {service.whom} has no rknnlite here, and its packages are unknown"
            return inconclusive(why, ran.evidence)
        return _judged(ran, service.whom)
    if own := owners(expectation.configuration):
        return _asked(node, of_owner(own[0]).words[0], own[0])
    group = node.run("getent group render").stdout.split(":")
    groups = f"--groups={group[2]}" if len(group) > 2 else "--clear-groups"
    user = f"env -i HOME=/var/empty USER=nobody $(command -v setpriv) --reuid=65534 --regid=65534 {groups}"
    return _asked(node, f"{user} $(command -v bash) -lc", "a service's user")


def _asked(node: NodeUnderTest, shell: str, whom: str) -> Answer:
    if not _has_toolkit(node):
        return absent(node, "python", NO_API)
    return _judged(node.run(f"cd /tmp; {shell} %s", f"exec python3 -c '{_PROGRAM}'"), whom)


def _judged(ran: Ran, whom: str) -> Answer:
    said = ran.stdout + ran.stderr
    if "init_runtime 0" in ran.stdout:
        return passed(f"init_runtime() succeeded as {whom}", ran.evidence)
    reason = next((why for message, why in _MESSAGES.items() if message in said), None)
    missing = re.search(r"No module named '?([\w.]+)", said)
    if missing and reason is None:
        reason = f"python3 has no {missing[1]}, which rknnlite imports"
    if reason is None and any(word in said for word in _REACHED):
        return passed(f"init_runtime() reached the runtime as {whom}, which rejected the empty model", ran.evidence)
    if reason is None and "init_runtime" not in ran.stdout and _killed(ran):
        return inconclusive(f"Python was killed (exit status {ran.rc})", ran.evidence)
    return failed(f"as {whom}: {reason or 'init_runtime() fails'}", ran.evidence)


def _killed(ran: Ran) -> bool:
    return ran.rc in (137, 143)


def _has_toolkit(node: NodeUnderTest) -> bool:
    return any(is_toolkit(package) for package in node.expectation.configuration.packages())
