"""What the testScript of the NixOS test `k3s` calls: a K3s cluster of two machines is asked what any live cluster is.

The checks are those of `pytest --kubernetes`, through `k3s kubectl` on the server. On top, the agent is rebooted.
"""

from __future__ import annotations

import base64
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from rknn_validation.checks.cluster import CLUSTER_CHECKS, STAGES, ask
from rknn_validation.checks.cluster.live import DRIVER, SLICES, ClusterUnderTest, Expected
from rknn_validation.checks.cluster.workload import RUNNING, Workload, workload
from rknn_validation.checks.model import Answer, Check, Evidence, failed, inconclusive, passed
from rknn_validation.checks.questions import Question
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import DeadlineExceeded, HarnessError
from rknn_validation.nodes.kubectl import Kubectl, Object, Said, condition
from rknn_validation.nodes.nixos import DriverConnection, NixosTestMachine
from rknn_validation.report.collect import Collection
from rknn_validation.report.columns import WORDS
from rknn_validation.subject.validation import Scenario
from rknn_validation.suites.nixostest import BOOT_SECONDS, RUN_SECONDS, accept, report, say, started

IMAGE = "rknn-validation/python:test"
"""What tests/nixos-vm/k3s.nix gives both machines."""
SERVICE = "rknn-node-driver.service"
STAND_INS = (
    "board: QEMU's virt machine under the board's device-tree identity, with NixOS's own kernel",
    "the NPU's driver: simulated, binds and answers, computes nothing: no model is run",
    "the node's verdict: a file of the test, which says that the node was validated",
)


class Agent(NixosTestMachine, Protocol):
    """The part of the driver's machine that a reboot needs."""

    def shutdown(self) -> None:
        """Shut it down, and wait for that."""

    def start(self, allow_reboot: bool = False) -> None:
        """Boot it."""


class MachineKubectl(Kubectl):
    """The cluster as `k3s kubectl` of a NixOS test machine sees it."""

    def __init__(self, line: DriverConnection, total: Deadline) -> None:
        super().__init__("k3s", total)
        self._line = line

    def call(self, arguments: list[str], body: str, deadline: Deadline) -> Said:
        """Run kubectl on the machine."""
        seconds = max(1, int(deadline.remaining()))
        command = shlex.join(["k3s", "kubectl", f"--request-timeout={seconds}s", *arguments])
        if body:
            command = f"echo {base64.b64encode(body.encode()).decode()} | base64 -d | {command}"
        done = self._line.run(command, seconds)
        return Said(done.rc, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def event(self, path: str, seconds: float) -> None:
        """Wait on the machine until a watch tells something, or ends."""
        watch = shlex.join(["k3s", "kubectl", "get", "--raw", path])
        waiting = f"exec 3< <(exec {watch} 2>/dev/null); read -r -t {seconds + 10:g} -n 1 -u 3; kill $! 2>/dev/null"
        self._line.run(f"{waiting}; true", int(seconds) + 20)


def run(server: NixosTestMachine, agent: Agent, directory: Path | None = None) -> None:
    """Ask the cluster everything, and report; returns only if every check that applies passed. Raises NotAccepted."""
    collection = started(directory)
    try:
        _ask_all(collection, server, agent)
        collection.finished = True
    finally:
        report(collection, "k3s")
    accept(collection, "k3s")


def _ask_all(collection: Collection, server: NixosTestMachine, agent: Agent) -> None:
    total = Deadline.after(RUN_SECONDS, "all questions of the test")
    line = DriverConnection(server)
    cluster = ClusterUnderTest(
        kubectl=MachineKubectl(line, total),
        expected={"agent": Expected("mainline", "it has the NPU"), "server": Expected("", "it has no NPU")},
        inferences={},
        image=IMAGE,
        kill={"agent": lambda: _kill(agent)},
    )
    reboot: Check[Workload] = Check(
        "disrupt.reboot",
        "A node that was rebooted offers its NPU again, and pods get it",
        "See the driver's journal on the agent: its checkpoint, its CDI spec and its slice.",
        lambda work: _rebooted(work, agent),
        frozenset(),
    )
    checks = sorted((*CLUSTER_CHECKS.all(), reboot), key=lambda check: STAGES.index(check.stage))
    try:
        for machine in (line, DriverConnection(agent)):
            machine.wait_for_unit("k3s.service", total.capped(BOOT_SECONDS, "k3s"))
        DriverConnection(agent).wait_for_unit(SERVICE, total.capped(BOOT_SECONDS, SERVICE))
        _offered(cluster, set())
    except HarnessError as error:
        answer = inconclusive(f"the cluster is not ready: {error.message}", Evidence("harness", str(error)))
        for check in checks:
            _judge(collection, check, lambda: answer, total)
        return
    with workload(cluster) as work:
        for check in checks:
            _judge(collection, check, lambda check=check: ask(check, work), total)  # type: ignore[misc]


def _judge(collection: Collection, check: Check[Any], answer: Callable[[], Answer], total: Deadline) -> None:
    began = time.monotonic()
    try:
        total.remaining()
        found = answer()
    except HarnessError as error:
        found = inconclusive(error.message, Evidence("harness", str(error)))
    asked = Question(check, Scenario("k3s", "mainline", {}, ()), None, "kubernetes", cluster="k3s")
    collection.add(asked.verdict(found, stand_ins=STAND_INS, seconds=time.monotonic() - began))
    say([f"{WORDS[found.status]} {check.id}: {found.reason}"])


def _kill(agent: Agent) -> str:
    command = f"systemctl kill --signal=KILL {SERVICE}"
    done = DriverConnection(agent).run(command, 60)
    if done.rc:
        raise HarnessError(f"{command} failed", expected="exit status 0", seen=done.said())
    return command


def _offered(cluster: ClusterUnderTest, before: set[str]) -> None:
    """Wait until the agent is ready and offers its NPU in a slice that is none of `before`. Raises DeadlineExceeded."""

    def ready(nodes: list[Object]) -> bool | None:
        found = {one["metadata"]["name"]: condition(one, "Ready") for one in nodes}
        told = {"server", "agent"} <= found.keys() and all(one and one["status"] == "True" for one in found.values())
        condition_told = any(condition(one, "NPUReady") for one in nodes)
        return True if told and condition_told else None

    def fresh(slices: list[Object]) -> bool | None:
        new = [one for one in slices if one["metadata"]["uid"] not in before]
        return True if any(one["spec"].get("devices") for one in new) else None

    patience = cluster.kubectl.total.capped(BOOT_SECONDS, "the agent to offer its NPU")
    cluster.kubectl.until("/api/v1/nodes", ready, patience)
    cluster.kubectl.until(SLICES, fresh, patience, fieldSelector=f"spec.driver={DRIVER}")


def _rebooted(work: Workload, agent: Agent) -> Answer:
    """The agent is shut down and booted while a pod holds its NPU; kubelet's start deletes the slices of its node."""
    held = work.hold(["agent"])["agent"]
    if held.state != RUNNING:
        return inconclusive(f"no pod holds the NPU of the agent: {held.why}", Evidence("pod", held.evidence))
    kubectl = work.kubectl
    before = {one["metadata"]["uid"] for one in kubectl.items(SLICES, fieldSelector=f"spec.driver={DRIVER}")}
    agent.shutdown()
    agent.start()
    try:
        _offered(work.cluster, before)
        work.let_go("agent")
    except DeadlineExceeded as problem:
        return failed("the agent does not offer its NPU again after a reboot", Evidence("kubectl", str(problem)))
    after = work.hold(["agent"])["agent"]
    if after.state != RUNNING:
        return failed(f"no pod gets the NPU after a reboot: {after.why}", Evidence("pod", after.evidence))
    return passed("the agent offers its NPU again, and a pod gets it", Evidence("pod", after.evidence))
