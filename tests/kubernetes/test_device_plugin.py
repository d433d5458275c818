"""The device plugin against a kubelet that restarts, goes away and asks for nonsense."""

from __future__ import annotations

import os
import socket

import grpc
import pytest
from fakeapi import SLICES, FakeApi
from fakekubelet import FakeKubelet
from fakenode import FakeNode, until

pytestmark = [pytest.mark.integration, pytest.mark.kubernetes]

RESOURCE = "rockchip.com/npu"
PLUGIN = ("--interface=device-plugin",)


def healthy(kubelet: FakeKubelet) -> bool:
    return RESOURCE in kubelet.resources and kubelet.devices == {"npu-0": "Healthy"}


def test_a_container_is_given_the_npu_by_its_cdi_name(node: FakeNode) -> None:
    node.vendor_misc()
    with FakeKubelet(node.kubelet) as kubelet:
        node.driver(*PLUGIN)
        kubelet.wait("the device", lambda: healthy(kubelet))
        answer = kubelet.allocate(RESOURCE, ["npu-0"])
    assert [one.name for one in answer.cdi_devices] == ["rockchip.com/npu=npu-0"]
    (spec,) = node.specs
    assert [one["name"] for one in spec["devices"]] == ["npu-0"]  # type: ignore[index,attr-defined]


def test_without_cdi_it_is_given_paths(node: FakeNode) -> None:
    node.vendor_drm(number=2)
    node.file("/nix/store/x-rknn/lib/librknnrt.so", "librknnrt version: 2.3.2")
    node.link("/usr/lib/librknnrt.so", "/nix/store/x-rknn/lib/librknnrt.so")
    with FakeKubelet(node.kubelet) as kubelet:
        node.driver(*PLUGIN, "--paths", "--library=vendor=/usr/lib/librknnrt.so", "--library=mainline=/none.so")
        kubelet.wait("the device", lambda: healthy(kubelet))
        answer = kubelet.allocate(RESOURCE, ["npu-0"])
    assert [one.host_path for one in answer.devices] == ["/dev/dri/card2", "/dev/dri/renderD130"]
    assert {one.permissions for one in answer.devices} == {"rw"}
    assert [(one.host_path, one.container_path, one.read_only) for one in answer.mounts] == [
        ("/nix/store/x-rknn/lib/librknnrt.so", "/usr/lib/librknnrt.so", True)
    ]
    assert answer.envs["ROCKCHIP_NPU_STACK"] == "vendor"


def test_without_the_library_the_npu_is_given_to_nobody(node: FakeNode) -> None:
    node.vendor_misc()
    with FakeKubelet(node.kubelet) as kubelet:
        node.driver(*PLUGIN, "--library=/usr/lib/librknnrt.so")
        kubelet.wait("ill health", lambda: kubelet.devices == {"npu-0": "Unhealthy"})
        with pytest.raises(grpc.RpcError, match=r"npu-0 is unhealthy: /usr/lib/librknnrt.so is not there"):
            kubelet.allocate(RESOURCE, ["npu-0"])
        node.file("/usr/lib/librknnrt.so", "librknnrt version: 2.3.2")
        kubelet.wait("health", lambda: healthy(kubelet))
        until("the spec", lambda: node.specs)
    (mount,) = node.specs[0]["devices"][0]["containerEdits"]["mounts"]  # type: ignore[index]
    assert mount["hostPath"] == mount["containerPath"] == "/usr/lib/librknnrt.so"


def test_it_registers_again_when_kubelet_restarts(node: FakeNode) -> None:
    node.mainline()
    with FakeKubelet(node.kubelet) as first:
        node.driver(*PLUGIN)
        first.wait("the device", lambda: healthy(first))
    for _ in range(3):
        with FakeKubelet(node.kubelet) as again:
            again.wait("the device after a restart", lambda again=again: healthy(again))


def test_it_waits_for_a_kubelet_that_comes_later(node: FakeNode) -> None:
    node.mainline()
    driver = node.driver(*PLUGIN)
    until("the plugin's socket", (node.kubelet / "device-plugins/rockchip-npu.sock").exists)
    with FakeKubelet(node.kubelet) as kubelet:
        kubelet.wait("the device", lambda: healthy(kubelet))
    assert driver.process.poll() is None


def test_it_serves_again_when_its_socket_is_deleted(node: FakeNode) -> None:
    node.mainline()
    with FakeKubelet(node.kubelet) as kubelet:
        node.driver(*PLUGIN)
        kubelet.wait("the device", lambda: healthy(kubelet))
        lists = kubelet.lists
        (node.kubelet / "device-plugins/rockchip-npu.sock").unlink()
        kubelet.wait("a new list", lambda: kubelet.lists > lists and healthy(kubelet))
        assert kubelet.allocate(RESOURCE, ["npu-0"]).cdi_devices


def test_a_killed_driver_starts_over_its_own_leftovers(node: FakeNode) -> None:
    node.mainline()
    with FakeKubelet(node.kubelet) as kubelet:
        node.driver(*PLUGIN).kill()
        driver = node.driver(*PLUGIN)
        kubelet.wait("the device", lambda: healthy(kubelet))
        assert driver.stop() == 0
    assert not (node.kubelet / "device-plugins/rockchip-npu.sock").exists()


def test_the_npu_goes_and_comes_back(node: FakeNode) -> None:
    node.vendor_misc()
    with FakeKubelet(node.kubelet) as kubelet:
        node.driver(*PLUGIN)
        kubelet.wait("the device", lambda: healthy(kubelet))
        node.remove("rknpu", "misc/rknpu")
        kubelet.wait("ill health", lambda: kubelet.devices == {"npu-0": "Unhealthy"})
        with pytest.raises(grpc.RpcError, match="npu-0 is unhealthy: /dev/rknpu is gone"):
            kubelet.allocate(RESOURCE, ["npu-0"])
        node.vendor_misc()
        kubelet.wait("health", lambda: healthy(kubelet))
        assert kubelet.allocate(RESOURCE, ["npu-0"]).cdi_devices


def test_an_npu_that_comes_late_is_offered_then(node: FakeNode) -> None:
    with FakeKubelet(node.kubelet) as kubelet:
        node.driver(*PLUGIN)
        until("the plugin's socket", (node.kubelet / "device-plugins/rockchip-npu.sock").exists)
        assert not kubelet.resources
        node.mainline()
        kubelet.wait("the device", lambda: healthy(kubelet))


def test_a_node_without_an_npu_offers_nothing_and_does_not_fail(node: FakeNode) -> None:
    node.device("drm", "card0", "dri/card0", "gpu", "v3d")
    with FakeKubelet(node.kubelet) as kubelet:
        driver = node.driver(*PLUGIN)
        until("the plugin's socket", (node.kubelet / "device-plugins/rockchip-npu.sock").exists)
        assert driver.stop() == 0
        assert not kubelet.resources
    assert not node.specs


def test_replicas_share_the_npu(node: FakeNode) -> None:
    node.mainline()
    with FakeKubelet(node.kubelet) as kubelet:
        node.driver(*PLUGIN, "--replicas=3")
        kubelet.wait("the devices", lambda: len(kubelet.devices) == 3)
        names = [one.name for one in kubelet.allocate(RESOURCE, ["npu-0-0", "npu-0-2"]).cdi_devices]
    assert names == ["rockchip.com/npu=npu-0-0", "rockchip.com/npu=npu-0-2"]


def test_a_device_nobody_offered_is_refused(node: FakeNode) -> None:
    node.mainline()
    with FakeKubelet(node.kubelet) as kubelet:
        node.driver(*PLUGIN)
        kubelet.wait("the device", lambda: healthy(kubelet))
        with pytest.raises(grpc.RpcError, match=r"npu-7 is no device of this node \(devices: npu-0\)"):
            kubelet.allocate(RESOURCE, ["npu-7"])
        assert kubelet.allocate(RESOURCE, ["npu-0"]).cdi_devices


def test_garbage_on_its_socket_harms_nobody(node: FakeNode) -> None:
    node.mainline()
    with FakeKubelet(node.kubelet) as kubelet:
        node.driver(*PLUGIN)
        kubelet.wait("the device", lambda: healthy(kubelet))
        for garbage in (b"", b"GET / HTTP/1.1\r\n\r\n", os.urandom(4096)):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(node.kubelet / "device-plugins/rockchip-npu.sock"))
                client.sendall(garbage)
        assert kubelet.allocate(RESOURCE, ["npu-0"]).cdi_devices


def test_a_thousand_allocations_leak_nothing(node: FakeNode) -> None:
    node.mainline()
    with FakeKubelet(node.kubelet) as kubelet:
        driver = node.driver(*PLUGIN)
        kubelet.wait("the device", lambda: healthy(kubelet))

        def held() -> tuple[int, int]:
            files = len(os.listdir(f"/proc/{driver.process.pid}/fd"))  # noqa: PTH208
            with open(f"/proc/{driver.process.pid}/statm") as file:  # noqa: PTH123
                return files, int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        for _ in range(100):
            kubelet.allocate(RESOURCE, ["npu-0"])
        files, memory = held()
        for _ in range(900):
            kubelet.allocate(RESOURCE, ["npu-0"])
        until("closed connections", lambda: held()[0] <= files + 2)
        assert held()[1] < memory + 4 * 1024**2
        assert held()[1] < 60 * 1024**2


def test_two_drivers_by_mistake_are_told_of_each_other(node: FakeNode, api: FakeApi) -> None:
    node.mainline()
    with FakeKubelet(node.kubelet) as kubelet:
        first = node.driver(*PLUGIN)
        kubelet.wait("the device", lambda: healthy(kubelet))
        status, said = node.driver(*PLUGIN).ended()
        assert (status, f"another driver runs on this node: process {first.process.pid}" in said) == (1, True)
        assert healthy(kubelet)


def test_it_refuses_where_dra_offers_the_same_npu(node: FakeNode, api: FakeApi) -> None:
    node.mainline()
    spec = {"driver": "npu.rockchip.com", "nodeName": "opi01", "devices": [{"name": "npu-0"}]}
    api.put(f"{SLICES}/opi01-x", {"spec": spec})
    reach = (f"--kubeconfig={node.kubeconfig(api.url)}", "--node=opi01")
    status, said = node.driver(*PLUGIN, *reach).ended()
    assert status == 1
    assert "the DRA driver offers this node's NPU already, in ResourceSlice opi01-x" in said
    api.dra = False  # a cluster without DRA
    with FakeKubelet(node.kubelet) as kubelet:
        node.driver(*PLUGIN, *reach)
        kubelet.wait("the device", lambda: healthy(kubelet))


def test_engines_without_kubernetes_are_told_by_a_spec_alone(node: FakeNode) -> None:
    status, said = node.driver("--write-spec").ended()
    assert (status, "no driver offers an NPU" in said) == (1, True)
    node.mainline()
    status, said = node.driver("--write-spec", "--library=mainline=/none.so").ended()
    assert (status, "/none.so is not there" in said) == (1, True)
    assert not node.specs
    status, said = node.driver("--write-spec").ended()
    assert (status, said.splitlines()[-1]) == (0, f"rockchip.com/npu=npu-0: {node.root}/cdi")
    assert len(node.specs) == 1
