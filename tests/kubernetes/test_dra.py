"""The DRA driver against kubelet and an API server: claims, reboots, upgrades, ill health, a full disk."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fakeapi import FakeApi
from fakekubelet import FakeKubelet
from fakenode import Driver, FakeNode, until

pytestmark = [pytest.mark.integration, pytest.mark.kubernetes]

DRIVER = "npu.rockchip.com"
CLAIMS = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims"


def start(node: FakeNode, api: FakeApi, *more: str) -> Driver:
    return node.driver("--interface=dra", "--node=opi01", f"--kubeconfig={node.kubeconfig(api.url)}", *more)


def claim(
    api: FakeApi, name: str, device: str = "npu-0", pool: str = "opi01", driver: str = DRIVER
) -> tuple[str, str, str]:
    """A claim that the scheduler has allocated, as kubelet names it."""
    result = {"request": "npu", "driver": driver, "pool": pool, "device": device}
    status = {"allocation": {"devices": {"results": [result]}}}
    made = api.put(f"{CLAIMS}/{name}", {"metadata": {"namespace": "default"}, "spec": {}, "status": status})
    return "default", made["metadata"]["uid"], name


def devices(api: FakeApi) -> list[Mapping[str, Any]]:
    return [one for slice in api.slices for one in slice["spec"].get("devices", ())]


def ready(kubelet: FakeKubelet, api: FakeApi) -> None:
    kubelet.wait("the registration", lambda: kubelet.plugin is not None)
    until("the slice", lambda: len(devices(api)) == 1)


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_claim_gets_the_npu(node: FakeNode, api: FakeApi, version: str) -> None:
    node.vendor_misc()
    with FakeKubelet(node.kubelet, api, dra=[version]) as kubelet:
        start(node, api)
        ready(kubelet, api)
        assert kubelet.plugin is not None and kubelet.plugin[2] == version
        one = claim(api, "first")
        answer = kubelet.prepare(one)[one[1]]
        (given,) = answer.devices
        assert (given.device_name, given.pool_name, list(given.request_names)) == ("npu-0", "opi01", ["npu"])
        assert list(given.cdi_device_ids) == ["rockchip.com/npu=npu-0"]
        assert kubelet.prepare(one)[one[1]] == answer
        assert not kubelet.unprepare(one)[one[1]].error
        assert not kubelet.unprepare(one)[one[1]].error, "a claim that is not prepared is released without a word"


def test_the_slice_says_what_the_npu_is(node: FakeNode, api: FakeApi) -> None:
    node.mainline(cores=3)
    with FakeKubelet(node.kubelet, api) as kubelet:
        start(node, api)
        ready(kubelet, api)
    (slice,) = api.slices
    assert slice["spec"]["pool"] == {"name": "opi01", "generation": 1, "resourceSliceCount": 1}
    assert slice["metadata"]["ownerReferences"][0]["uid"] == api.objects["/api/v1/nodes/opi01"]["metadata"]["uid"]
    (device,) = slice["spec"]["devices"]
    assert device["attributes"] == {
        "stack": {"string": "mainline"},
        "flavour": {"string": "accel"},
        "soc": {"string": "rk3588"},
        "board": {"string": "xunlong,orangepi-5-plus"},
        "cores": {"int": 3},
    }


def test_a_node_without_an_npu_publishes_no_device(node: FakeNode, api: FakeApi) -> None:
    with FakeKubelet(node.kubelet, api) as kubelet:
        driver = start(node, api)
        kubelet.wait("the registration", lambda: kubelet.plugin is not None)
        until("the slice", lambda: len(api.slices) == 1)
        assert devices(api) == []
        one = claim(api, "first")
        assert kubelet.prepare(one)[one[1]].error == "npu-0 is no device of this node: no driver offers an NPU"
        assert driver.stop() == 0


def refusals(api: FakeApi) -> Mapping[str, tuple[tuple[str, str, str], str]]:
    good = claim(api, "good")
    unallocated = api.put(f"{CLAIMS}/unallocated", {"metadata": {"namespace": "default"}, "spec": {}})
    return {
        "no such claim": (("default", "u1", "none"), "the claim default/none cannot be read"),
        "made anew since": (("default", "old", "good"), f"is another claim by now: UID {good[1]}, asked for old"),
        "not allocated": (("default", unallocated["metadata"]["uid"], "unallocated"), "is not allocated"),
        "another node": (claim(api, "elsewhere", pool="opi02"), "is allocated on opi02, and this node is opi01"),
        "another driver": (claim(api, "gpu", driver="gpu.example.com"), f"has no device of {DRIVER}"),
        "no such device": (claim(api, "many", device="npu-1"), "npu-1 is no device of this node"),
    }


@pytest.mark.parametrize("case", list(refusals(FakeApi())))
def test_a_claim_that_cannot_be_served_says_why_and_harms_no_other(node: FakeNode, api: FakeApi, case: str) -> None:
    node.mainline()
    with FakeKubelet(node.kubelet, api) as kubelet:
        start(node, api)
        ready(kubelet, api)
        (bad, words), good = refusals(api)[case], claim(api, "another")
        answers = kubelet.prepare(bad, good)
        assert words in answers[bad[1]].error
        assert answers[good[1]].devices and not answers[good[1]].error


def test_a_second_claim_waits_until_the_first_is_released(node: FakeNode, api: FakeApi) -> None:
    node.mainline()
    with FakeKubelet(node.kubelet, api) as kubelet:
        start(node, api)
        ready(kubelet, api)
        first, second = claim(api, "first"), claim(api, "second")
        kubelet.prepare(first)
        assert "npu-0 is still prepared for the claim default/first" in kubelet.prepare(second)[second[1]].error
        kubelet.unprepare(first)
        assert kubelet.prepare(second)[second[1]].devices


def test_claims_outlive_the_driver_and_a_reboot_that_renumbers_the_node(node: FakeNode, api: FakeApi) -> None:
    node.vendor_drm(number=1)
    one = claim(api, "first")
    with FakeKubelet(node.kubelet, api) as kubelet:
        driver = start(node, api)
        ready(kubelet, api)
        before = kubelet.prepare(one)[one[1]]
        driver.kill()
    for spec in (node.root / "cdi").iterdir():
        spec.unlink()  # /var/run is empty after a reboot
    for name in ("card1", "renderD129"):
        node.remove(f"dri/{name}", f"drm/{name}")
    node.remove("dri/card0", "drm/card0")
    (node.sys / "devices/platform/display-subsystem/driver").unlink()
    (node.sys / "devices/platform/fdab0000.npu/driver").unlink()
    node.vendor_drm(number=3)
    with FakeKubelet(node.kubelet, api) as kubelet:
        start(node, api)
        ready(kubelet, api)
        assert kubelet.prepare(one)[one[1]] == before
        second = claim(api, "second")
        assert "still prepared for the claim default/first" in kubelet.prepare(second)[second[1]].error
    (spec,) = node.specs
    (device,) = spec["devices"]  # type: ignore[misc]
    paths = [one["path"] for one in device["containerEdits"]["deviceNodes"]]
    assert paths == ["/dev/dri/card3", "/dev/dri/renderD131"]


def test_kubelet_s_restart_deletes_the_slice_and_the_driver_publishes_it_again(node: FakeNode, api: FakeApi) -> None:
    node.mainline()
    with FakeKubelet(node.kubelet, api) as kubelet:
        start(node, api)
        ready(kubelet, api)
        (before,) = api.slices
    with FakeKubelet(node.kubelet, api) as kubelet:
        ready(kubelet, api)
    (after,) = api.slices
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["spec"] == before["spec"]


def test_an_ill_npu_is_tainted_and_recovers(node: FakeNode, api: FakeApi) -> None:
    node.vendor_misc()
    with FakeKubelet(node.kubelet, api) as kubelet:
        start(node, api)
        ready(kubelet, api)
        kubelet.wait("health", lambda: kubelet.health == {"npu-0": (1, "")})
        node.remove("rknpu", "misc/rknpu")
        gone = "/dev/rknpu is gone: no driver offers the NPU"
        kubelet.wait("ill health", lambda: kubelet.health == {"npu-0": (2, gone)})
        until("the taint", lambda: "taints" in devices(api)[0])
        (taint,) = devices(api)[0]["taints"]
        assert (taint["key"], taint["effect"]) == (f"{DRIVER}/unhealthy", "NoSchedule")
        one = claim(api, "first")
        assert kubelet.prepare(one)[one[1]].error == f"npu-0 is unhealthy: {gone}"
        node.vendor_misc()
        kubelet.wait("health again", lambda: kubelet.health == {"npu-0": (1, "")})
        until("the taint's end", lambda: "taints" not in devices(api)[0])
        assert kubelet.prepare(one)[one[1]].devices


def test_without_device_taints_an_ill_npu_leaves_the_slice(node: FakeNode, api: FakeApi) -> None:
    api.taints = False
    node.vendor_misc()
    with FakeKubelet(node.kubelet, api) as kubelet:
        start(node, api)
        ready(kubelet, api)
        node.remove("rknpu", "misc/rknpu")
        until("an empty slice", lambda: devices(api) == [])
        node.vendor_misc()
        until("the device", lambda: len(devices(api)) == 1)


def test_a_probe_decides_and_leaves_an_npu_in_use_alone(node: FakeNode, api: FakeApi) -> None:
    node.mainline()
    state = node.root / "state"
    state.write_text("")
    probe = node.root / "probe"
    probe.write_text(f"#!/bin/sh\necho x >>{node.root}/runs\n[ ! -s {state} ] || {{ cat {state}; exit 1; }}\n")
    probe.chmod(0o755)
    with FakeKubelet(node.kubelet, api) as kubelet:
        start(node, api, f"--probe={probe}", "--probe-interval=0")
        ready(kubelet, api)
        until("the condition", lambda: _condition(api) == ("True", "ModelRan"))
        state.write_text("core 1: the output is wrong\n")
        said = f"{probe} ended with status 1: core 1: the output is wrong"
        kubelet.wait("ill health", lambda: kubelet.health == {"npu-0": (2, said)})
        state.write_text("")
        kubelet.wait("health", lambda: kubelet.health == {"npu-0": (1, "")})
        one = claim(api, "first")
        kubelet.prepare(one)
        until("a run that began before", lambda: _still(node.root / "runs"))


def test_the_model_runs_on_a_schedule_and_one_bad_run_changes_nothing(node: FakeNode, api: FakeApi) -> None:
    """Healthy, one bad run, healthy again: no flap. Bad twice: unhealthy. Good once: not yet. Good twice: healthy."""
    node.mainline()
    probe, turn = node.root / "probe", node.root / "turn"
    turn.mkdir()
    # A run waits for its turn, so that the test decides what each one says.
    probe.write_text(f"#!/bin/sh\nuntil mv {turn}/* {node.root}/said 2>/dev/null; do sleep 0.02; done\n"
                     f"echo run >>{node.root}/runs; read status <{node.root}/said; exit $status\n")  # fmt: skip
    probe.chmod(0o755)

    def runs() -> int:
        file = node.root / "runs"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def run(status: int) -> None:
        before = runs()
        (node.root / "next").write_text(f"{status}\n")
        (node.root / "next").rename(turn / "next")
        until("a run of the model", lambda: runs() > before)

    with FakeKubelet(node.kubelet, api) as kubelet:
        start(node, api, f"--probe={probe}", "--probe-interval=0")
        run(0)
        ready(kubelet, api)
        kubelet.wait("health", lambda: kubelet.health == {"npu-0": (1, "")})
        for status in (1, 0, 1, 0, 0):
            run(status)
        assert kubelet.health == {"npu-0": (1, "")} and "taints" not in devices(api)[0]
        run(1)
        run(1)
        kubelet.wait("ill health", lambda: kubelet.health["npu-0"][0] == 2)
        until("the taint", lambda: "taints" in devices(api)[0])
        run(0)
        run(1)
        assert kubelet.health["npu-0"][0] == 2
        run(0)
        run(0)
        kubelet.wait("recovery", lambda: kubelet.health == {"npu-0": (1, "")})
        until("the taint's end", lambda: "taints" not in devices(api)[0])
        until("the condition", lambda: _condition(api) == ("True", "ModelRan"))


def test_a_content_model_rests_and_a_driver_loaded_again_is_proved_anew(node: FakeNode, api: FakeApi) -> None:
    node.vendor_misc()
    probe, runs = node.root / "probe", node.root / "runs"
    probe.write_text(f"#!/bin/sh\necho run >>{runs}\n")
    probe.chmod(0o755)
    with FakeKubelet(node.kubelet, api) as kubelet:
        start(node, api, f"--probe={probe}", "--probe-interval=3600")
        ready(kubelet, api)
        until("the condition", lambda: _condition(api) == ("True", "ModelRan"))
        assert _still(runs) and runs.read_text() == "run\n"
        node.remove("rknpu", "misc/rknpu")
        until("ill health", lambda: _condition(api) == ("False", "Unhealthy"))
        node.vendor_misc()
        until("a second run", lambda: runs.read_text() == "run\n" * 2)
        until("the condition", lambda: _condition(api) == ("True", "ModelRan"))


def test_replicas_are_offered_with_a_warning(node: FakeNode, api: FakeApi) -> None:
    node.vendor_misc()

    def events() -> list[Mapping[str, Any]]:
        return [one for path, one in list(api.objects.items()) if "/events/" in path]

    with FakeKubelet(node.kubelet, api) as kubelet:
        driver = start(node, api, "--replicas=2")
        kubelet.wait("the registration", lambda: kubelet.plugin is not None)
        until("both devices", lambda: [one["name"] for one in devices(api)] == ["npu-0-0", "npu-0-1"])
        until("the event", events)
        (event,) = events()
        assert (event["type"], event["reason"], event["involvedObject"]["name"]) == ("Warning", "NPUShared", "opi01")
        assert event["involvedObject"]["uid"] == api.objects["/api/v1/nodes/opi01"]["metadata"]["uid"]
        assert "2 containers may share" in driver.log.read_text()
        driver.stop()
        api.remove(next(path for path in api.objects if "/events/" in path))
        start(node, api)
        until("one device", lambda: len(devices(api)) == 1)
        until("the condition", lambda: _condition(api)[0])
        assert not events()


def test_a_devnode_that_opens_is_no_proof(node: FakeNode, api: FakeApi) -> None:
    node.mainline()
    with FakeKubelet(node.kubelet, api) as kubelet:
        start(node, api)
        ready(kubelet, api)
        until("the condition", lambda: _condition(api) == ("Unknown", "NotValidated"))


def _condition(api: FakeApi) -> tuple[str, str]:
    found = api.objects["/api/v1/nodes/opi01"]["status"]["conditions"]
    return (found[0]["status"], found[0]["reason"]) if found else ("", "")


def _still(file: Path) -> bool:
    """Whether nobody runs the probe any more: a pod has the NPU."""
    before = file.stat().st_size
    time.sleep(0.5)
    return bool(file.stat().st_size == before)


def test_a_claim_is_refused_where_it_cannot_be_recorded(node: FakeNode, api: FakeApi) -> None:
    """What is prepared and not on disk would be given to two pods after a restart."""
    node.mainline()
    with FakeKubelet(node.kubelet, api) as kubelet:
        start(node, api)
        ready(kubelet, api)
        one = claim(api, "first")
        part = node.kubelet / "plugins" / DRIVER / "checkpoint.part"
        part.symlink_to("/dev/full")
        refused = kubelet.prepare(one)[one[1]].error
        assert refused == "the claim cannot be recorded on this node: No space left on device"
        assert not part.is_symlink()
        assert kubelet.prepare(one)[one[1]].devices


def test_a_checkpoint_of_another_release_is_read_and_a_torn_one_kept_aside(node: FakeNode, api: FakeApi) -> None:
    node.mainline()
    file = node.kubelet / "plugins" / DRIVER / "checkpoint.json"
    one = claim(api, "first")
    with FakeKubelet(node.kubelet, api) as kubelet:
        driver = start(node, api)
        ready(kubelet, api)
        kubelet.prepare(one)
        driver.stop()
        kubelet.wait("the end of the registration", lambda: kubelet.plugin is None)
        text = json.loads(file.read_text())
        file.write_text(json.dumps({**text, "version": 2, "more": "of a later release"}))
        driver = start(node, api)
        kubelet.wait("the registration", lambda: kubelet.plugin is not None)
        second = claim(api, "second")
        assert "still prepared for" in kubelet.prepare(second)[second[1]].error
        driver.stop()
        kubelet.wait("the end of the registration", lambda: kubelet.plugin is None)
        file.write_text(file.read_text()[:-20])
        start(node, api)
        until("the copy", file.with_suffix(".unreadable").exists)
        kubelet.wait("the registration", lambda: kubelet.plugin is not None)
        until("an answer", lambda: kubelet.prepare(one)[one[1]].devices)


def test_an_api_server_that_fails_is_asked_again(node: FakeNode, api: FakeApi) -> None:
    node.mainline()
    api.broken = True
    with FakeKubelet(node.kubelet, api) as kubelet:
        driver = start(node, api)
        kubelet.wait("the registration", lambda: kubelet.plugin is not None)
        one = claim(api, "first")
        assert "etcdserver: request timed out" in kubelet.prepare(one)[one[1]].error
        api.broken = False
        until("the slice", lambda: len(devices(api)) == 1)
        assert kubelet.prepare(one)[one[1]].devices
        assert driver.process.poll() is None


def test_a_kubelet_that_knows_no_version_is_reported(node: FakeNode, api: FakeApi) -> None:
    node.mainline()
    with FakeKubelet(node.kubelet, api, dra=["v9"]) as kubelet:
        driver = start(node, api)
        kubelet.wait("the refusal", lambda: kubelet.refusals)
        until("the log", lambda: "kubelet refused npu.rockchip.com" in driver.log.read_text())


def test_the_node_says_whether_it_was_validated(node: FakeNode, api: FakeApi) -> None:
    node.mainline()
    verdict = node.root / "verdict.json"

    with FakeKubelet(node.kubelet, api) as kubelet:
        driver = start(node, api, f"--verdict={verdict}", f"--nfd-folder={node.root}")
        ready(kubelet, api)
        until("the condition", lambda: _condition(api) == ("Unknown", "NotValidated"))
        verdict.write_text(json.dumps({"verdict": "fail", "reason": "WrongOutput", "message": "core 1 is wrong"}))
        driver.stop()
        start(node, api, f"--verdict={verdict}", f"--nfd-folder={node.root}")
        until("the condition", lambda: _condition(api) == ("False", "WrongOutput"))
    labels = (node.root / "rockchip-npu").read_text()
    assert "rockchip.com/npu.ready=false" in labels and "+expiry-time=" in labels


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--interface=dra",), "--node NAME is missing"),
        (("--interface=dra", "--node=opi01"), "expected a pod's service account, or --kubeconfig FILE"),
        (("--interface=dra", "--node=opi01", "--kubeconfig=/nonexistent"), "/nonexistent: no usable kubeconfig"),
        (("--interface=device-plugin", "--library=lib.so"), "expected [vendor=|mainline=]/PATH[:/PATH], seen lib.so"),
        (("--interface=device-plugin", "--closure=/nonexistent"), "/nonexistent: No such file or directory"),
    ],
)
def test_a_driver_that_cannot_serve_says_why(node: FakeNode, arguments: tuple[str, ...], words: str) -> None:
    node.mainline()
    status, said = node.driver(*arguments).ended()
    assert status in (1, 2) and words in said
    assert "Traceback" not in said
