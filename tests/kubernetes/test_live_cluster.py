"""The checks of a live cluster, through the real kubectl: on a healthy one, and each on one that it fails on."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from fakecluster import CLAIMS, CLASS, NODES, SPACES, FakeCluster
from fakenode import until

from rknn_validation.checks.cluster import CLUSTER_CHECKS, STAGES, ask
from rknn_validation.checks.cluster.live import RESOURCE, SLICES, ClusterUnderTest, Expected
from rknn_validation.checks.cluster.workload import OURS, OWNER, Workload, workload
from rknn_validation.checks.model import Answer, Status
from rknn_validation.common.deadline import Deadline
from rknn_validation.nodes.kubectl import Kubectl, require_context
from rknn_validation.subject.inference import Model, shipped

pytestmark = [pytest.mark.integration, pytest.mark.kubernetes]

ROOT = Path(__file__).resolve().parents[2]
CHECKS = sorted(CLUSTER_CHECKS.all(), key=lambda check: STAGES.index(check.stage))
SECONDS = 12.0
Make = Callable[..., FakeCluster]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """`make(*faults, ...)` is a cluster that kubectl finds as the context `lab`."""
    if os.geteuid() != 0:
        pytest.skip("making device nodes takes root")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    with contextlib.ExitStack() as stack:

        def cluster(*faults: str, **more: Any) -> FakeCluster:
            made = stack.enter_context(FakeCluster(tmp_path, shipped("vendor").golden, *faults, **more))
            monkeypatch.setenv("KUBECONFIG", str(made.kubeconfig()))
            return made

        yield cluster


def under_test(**more: Any) -> ClusterUnderTest:
    kubectl = Kubectl("lab", Deadline.after(120, "the cluster"))
    models = {"vendor": shipped("vendor")}
    return ClusterUnderTest(**{"kubectl": kubectl, "expected": {}, "inferences": models, "image": "npu:1",
                               "patience": SECONDS, **more})  # fmt: skip


def working(**more: Any) -> AbstractContextManager[Workload]:
    return workload(under_test(**more))


def left(cluster: FakeCluster) -> list[str]:
    """What a run may not leave behind."""
    annotated = [path for path, one in list(cluster.objects.items()) if OWNER in one["metadata"].get("annotations", {})]
    return [*annotated, *(path for path in list(cluster.objects) if f"/namespaces/{OURS}" in path)]


@pytest.mark.parametrize("interface", ["dra", "device-plugin"])
def test_a_healthy_cluster_passes_every_check_and_is_left_as_it_was(make: Make, interface: str) -> None:
    cluster = make(interface=interface)
    before = set(cluster.objects)
    with working() as work:
        answers = {check.id: ask(check, work) for check in CHECKS}
    wrong = {name: one for name, one in answers.items() if one.status is not Status.PASS}
    if interface == "device-plugin":
        assert wrong.pop("offer.device-class").status is Status.SKIP
    assert not wrong
    assert not cluster.processes and not left(cluster)
    driver, slice = f"{SPACES}/rknn/pods/", f"{SLICES}/"
    assert {one for one in before ^ set(cluster.objects) if not one.startswith((driver, slice))} == set()


def no_class(cluster: FakeCluster) -> None:
    cluster.remove(CLASS)


def gone(cluster: FakeCluster) -> None:
    cluster.node.remove("rknpu", "misc/rknpu")
    until("the taint", lambda: any("taints" in one for one in cluster.slices[0]["spec"]["devices"]))


def foreign(cluster: FakeCluster) -> None:
    (own,) = cluster.slices
    cluster.put(f"{SLICES}/rpi01-x", {"spec": {**own["spec"], "nodeName": "rpi01"}})


def mislabelled(cluster: FakeCluster) -> None:
    _label(cluster, "opi01", f"{RESOURCE}.stack", "mainline")


def labelled(cluster: FakeCluster) -> None:
    _label(cluster, "rpi01", f"{RESOURCE}.present", "true")


def _label(cluster: FakeCluster, node: str, name: str, value: str) -> None:
    body = cluster.objects[f"{NODES}/{node}"]
    cluster.put(f"{NODES}/{node}", {**body, "metadata": {**body["metadata"], "labels": {
        **body["metadata"]["labels"], name: value}}})  # fmt: skip


def stale(cluster: FakeCluster) -> None:
    assert cluster.driver is not None
    cluster.driver.kill()
    body = cluster.objects[f"{NODES}/opi01"]
    told = [{**one, "lastHeartbeatTime": "2026-01-01T00:00:00Z"} for one in body["status"]["conditions"]]
    cluster.put(f"{NODES}/opi01", {**body, "status": {**body["status"], "conditions": told}})


def unproved(cluster: FakeCluster) -> None:
    cluster.verdict.write_text('{"verdict": "fail", "reason": "WrongOutput", "message": "core 1 is wrong"}')
    assert cluster.driver is not None
    cluster.driver.stop()
    cluster.start_driver()
    until("the condition", lambda: "WrongOutput" in str(cluster.objects[f"{NODES}/opi01"]["status"]))


def held(cluster: FakeCluster) -> None:
    result = {"request": "npu", "driver": "npu.rockchip.com", "pool": "opi01", "device": "npu-0"}
    status = {"allocation": {"devices": {"results": [result]}}, "reservedFor": [{"name": "camera"}]}
    path = f"{CLAIMS.rpartition('/')[0]}/namespaces/shop/resourceclaims/camera-npu"
    cluster.put(path, {"metadata": {"namespace": "shop"}, "spec": {}, "status": status})


def nothing(cluster: FakeCluster) -> None:
    pass


RPI = {"rpi01": Expected("", "nodes: rpi01")}
BROKEN: dict[str, tuple[str, tuple[str, ...], dict[str, Any], Callable[[FakeCluster], None], str, Status]] = {
    "unhealthy NPU": ("offer.right-nodes", (), {}, gone, "NPU of opi01 is tainted", Status.FAIL),
    "labelled, no driver": ("offer.right-nodes", (), {}, labelled, "rpi01 offers no NPU", Status.FAIL),
    "foreign node offers": ("offer.no-other-node", (), {}, foreign, "rpi01 offers an NPU", Status.FAIL),
    "no class": ("offer.device-class", (), {}, no_class, "there is no DeviceClass", Status.FAIL),
    "wrong stack": ("ready.labels", (), {}, mislabelled, "offers vendor", Status.FAIL),
    "label without NPU": ("ready.labels", (), {}, labelled, "labelled as an NPU node, and offers none", Status.FAIL),
    "renewed long ago": ("ready.condition", (), {}, stale, "its driver is gone", Status.FAIL),
    "wrong output of late": ("ready.condition", (), {}, unproved, "core 1 is wrong", Status.FAIL),
    "kubelet refuses": ("pod.gets-npu", ("admission",), {}, nothing, "UnexpectedAdmissionError", Status.FAIL),
    "no image": ("pod.gets-npu", ("image",), {}, nothing, "ImagePullBackOff", Status.INCONCLUSIVE),
    "held by others": ("pod.gets-npu", (), {}, held, "in use by shop/camera", Status.INCONCLUSIVE),
    "wrong output": ("pod.infers", ("wrong",), {}, nothing, "the output is off", Status.FAIL),
    "given twice": ("pod.second-waits", ("both",), {}, nothing, "two pods have the NPU", Status.FAIL),
    "never released": ("pod.second-waits", ("leak",), {}, nothing, "does not run on opi01", Status.FAIL),
    "evicted pod stays": ("disrupt.drain-and-back", ("stays",), {}, nothing, "does not leave", Status.FAIL),
    "driver stays away": ("disrupt.driver-killed", ("dead",), {}, nothing, "does not offer its NPU again", Status.FAIL),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_cluster_fails_the_check_that_is_about_it(make: Make, case: str) -> None:
    check, faults, more, damage, words, status = BROKEN[case]
    cluster = make(*faults, **more)
    damage(cluster)
    waits = case in ("never released", "evicted pod stays", "driver stays away", "held by others")
    with working(patience=3.0 if waits else SECONDS) as work:
        answer = ask(CLUSTER_CHECKS[check], work)
        cluster.faults.discard("stays")
        if "dead" in faults:
            cluster.start_driver()  # without it, kubelet cannot release the claim, and the pod does not end
    assert answer.status is status, answer
    assert words in f"{answer.reason}\n{answer.evidence}"
    assert "leak" in faults or not left(cluster)


def test_claims_that_outlive_their_pods_are_found(make: Make) -> None:
    cluster = make("rest")
    with working() as work:
        assert ask(CLUSTER_CHECKS["pod.gets-npu"], work).status is Status.PASS
        answer = ask(CLUSTER_CHECKS["released.nothing-left"], work)
    assert answer.status is Status.FAIL and "still hold an NPU" in answer.reason
    assert cluster.objects


def test_every_check_was_shown_to_fail() -> None:
    shown = {check for check, *_, status in BROKEN.values() if status is Status.FAIL} | {"released.nothing-left"}
    assert shown == {check.id for check in CHECKS}


def asked(check: str, **more: Any) -> Answer:
    with working(**more) as work:
        return ask(CLUSTER_CHECKS[check], work)


def test_what_cannot_be_told_is_inconclusive(make: Make) -> None:
    cluster = make()
    ghost = {"opi09": Expected("vendor", "nodes: opi09")}
    answer = asked("offer.right-nodes", expected=ghost)
    assert answer.status is Status.INCONCLUSIVE and "is no node of this cluster" in answer.reason
    assert asked("ready.labels", expected={"opi01": Expected("", "a mistake")}).status is Status.FAIL
    large = cluster.root / "large.rknn"
    large.write_bytes(bytes(1_000_000))
    answer = asked("pod.infers", inferences={"vendor": replace(shipped("vendor"), model=Model(file=large))})
    assert answer.status is Status.INCONCLUSIVE and "too large to be given to a pod" in answer.reason
    cluster.broken = True
    work = Workload(under_test())
    answers = [ask(check, work) for check in CHECKS if check.stage in ("offer", "ready", "pod")]
    assert {one.status for one in answers} == {Status.INCONCLUSIVE}
    assert "etcdserver: request timed out" in str(answers[0].evidence)


def test_what_a_killed_run_has_left_is_removed_by_the_next(make: Make) -> None:
    cluster = make()
    script = """\
import sys, signal, test_live_cluster as here
work = here.Workload(here.under_test())
work.hold(["opi01"])
with work.cordoned("opi01"):
    print("held", flush=True)
    signal.pause()
"""
    paths = f"{ROOT / 'src'}:{ROOT / 'kubernetes/npu-driver/src'}:{Path(__file__).parent}"
    environment = {**os.environ, "PYTHONPATH": paths}
    with subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None and run.stdout.readline() == b"held\n"
        with working():
            assert left(cluster), "a run that is alive keeps what it made"
        assert left(cluster)
        run.kill()
    assert cluster.objects[f"{NODES}/opi01"]["spec"]["unschedulable"]
    with working():
        assert not left(cluster)
    assert "unschedulable" not in cluster.objects[f"{NODES}/opi01"]["spec"] and not cluster.processes


def validate(tmp_path: Path, *words: str) -> subprocess.Popen[str]:
    """`rknn-validate` as it is started, on the repository's own subject."""
    command = [sys.executable, "-m", "rknn_validation", "-m", "kubernetes", f"--report={tmp_path / 'report'}", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=pipe, stderr=subprocess.STDOUT)


def test_a_whole_run_reports_its_verdicts(make: Make, tmp_path: Path) -> None:
    cluster = make("wrong")
    run = validate(tmp_path, "--kubernetes", "--context", "lab", "--pod-deadline", "12")
    said, _ = run.communicate(timeout=120)
    assert run.returncode == 1, said
    assert "the output is off" in said
    junit = tmp_path / "report/junit.xml"
    assert len(list(ElementTree.parse(junit).iter("testcase"))) == len(CHECKS)
    assert "only with --disrupt" in junit.read_text()
    assert not left(cluster)


def test_ctrl_c_leaves_nothing_behind(make: Make, tmp_path: Path) -> None:
    cluster = make()
    held(cluster)  # so that the pod waits
    run = validate(tmp_path, "--kubernetes", "--context", "lab", "--pod-deadline", "60", "-k", "pod")
    until("a pod that waits", lambda: any("PodScheduled" in str(one) for one in list(cluster.objects.values())), 60)
    run.send_signal(signal.SIGINT)
    said, _ = run.communicate(timeout=60)
    assert run.returncode == 2, said
    assert not left(cluster) and not cluster.processes


def test_without_the_flag_no_cluster_is_asked(make: Make, tmp_path: Path) -> None:
    """Neither by the command nor by pytest on the suite itself, and kubectl is not even started."""
    make()
    trace = tmp_path / "kubectl"
    trace.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    trace.chmod(0o755)
    suite, report = "src/rknn_validation/suites/test_cluster.py", f"--report={tmp_path / 'report'}"
    for words, status, told in (
        (("rknn_validation", "-m", "kubernetes"), 4, "expected --kubernetes beside it"),
        (("rknn_validation", "-m", "unit", "--context", "lab"), 4, "expected: --kubernetes beside it"),
        (("pytest", "-p", "no:cacheprovider", suite), 5, "deselected"),
    ):
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src")}
        command = [sys.executable, "-m", *words, report]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == status and told in done.stdout + done.stderr, done.stdout + done.stderr
    assert not (tmp_path / "started").exists()


def test_a_context_has_to_be_named_and_known(make: Make, tmp_path: Path) -> None:
    make()
    for words, told in ((("--context", "prod"), "no such context"), ((), "no --context")):
        run = validate(tmp_path, "--kubernetes", *words)
        said, _ = run.communicate(timeout=120)
        assert run.returncode == 4 and told in said and "lab" in said
    require_context("lab")


def test_the_commands_of_the_page_exist() -> None:
    """Verbs, nouns and flags that kubectl knows, and files that are there."""
    page = (ROOT / "docs/kubernetes.md").read_text()
    lines = [line.strip().removeprefix("$ ") for line in page.splitlines() if line.strip().startswith("$ kubectl")]
    kubectl = str(Path(sys.executable).with_name("kubectl"))
    common = subprocess.run([kubectl, "options"], capture_output=True, text=True, check=True).stdout
    for words in map(shlex.split, lines):
        verb = words[1:3] if words[1] == "rollout" else words[1:2]
        done = subprocess.run([kubectl, *verb, "--help"], capture_output=True, text=True, check=True)
        flags = [word.partition("=")[0] for word in words if word.startswith("-")]
        assert all(re.search(rf"^ +(-\w, )?{flag}[=,]", done.stdout + common, re.MULTILINE) for flag in flags), words
        for flag, file in itertools.pairwise(words):
            assert flag not in ("-f", "-k") or (ROOT / file).exists(), words
    assert len(lines) > 6
