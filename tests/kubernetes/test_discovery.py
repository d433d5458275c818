"""What the driver finds on a node, and what it writes into a CDI spec."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakenode import FakeNode
from rknn_npu_driver import cdi
from rknn_npu_driver.health import Inventory
from rknn_npu_driver.npu import Roots, discover, machine, runtime_version

pytestmark = [pytest.mark.unit, pytest.mark.kubernetes]


def roots(node: FakeNode) -> Roots:
    return Roots(node.sys, node.dev, node.root)


def found(node: FakeNode) -> tuple[str, str, list[str], int]:
    (npu,) = discover(roots(node))
    return npu.stack, npu.flavour, [one.path for one in npu.nodes], npu.cores


def test_the_vendor_s_misc_node_comes_with_dma_heaps(node: FakeNode) -> None:
    node.vendor_misc()
    node.device("dma_heap", "system", "dma_heap/system")
    assert found(node) == ("vendor", "misc", ["/dev/rknpu", "/dev/dma_heap/system"], 3)


@pytest.mark.parametrize("number", [1, 2, 5])
def test_the_vendor_s_card_is_known_by_its_driver_whatever_its_number(node: FakeNode, number: int) -> None:
    node.vendor_drm(number)
    assert found(node) == ("vendor", "drm", [f"/dev/dri/card{number}", f"/dev/dri/renderD{128 + number}"], 3)


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_rocket_s_cores_are_those_that_are_bound(node: FakeNode, cores: int) -> None:
    node.mainline(cores)
    assert found(node) == ("mainline", "accel", ["/dev/accel/accel0"], cores)


def test_another_accelerator_is_no_npu_of_ours(node: FakeNode) -> None:
    node.device("accel", "accel0", "accel/accel0", "0000:03:00.0", "habanalabs")
    node.device("drm", "card0", "dri/card0", "fb000000.gpu", "panthor")
    assert discover(roots(node)) == ()


def test_a_devnode_of_another_device_is_not_taken_for_the_npu_s(node: FakeNode) -> None:
    """A link to the render node, or a stale node in a container: its number is not the device's."""
    node.vendor_misc()
    (node.sys / "class/misc/rknpu/dev").write_text("10:120\n")
    assert discover(roots(node)) == ()
    (node.sys / "class/misc/rknpu/dev").write_text("1:3\n")
    (node.dev / "rknpu").unlink()
    (node.dev / "rknpu").symlink_to("null")
    assert discover(roots(node)) == ()


@pytest.mark.parametrize(
    ("compatible", "soc", "board"),
    [
        ("xunlong,orangepi-5-plus\0rockchip,rk3588\0", "rk3588", "xunlong,orangepi-5-plus"),
        ("radxa,rock-5a\0rockchip,rk3588s\0", "rk3588s", "radxa,rock-5a"),
        ("raspberrypi,4-model-b\0brcm,bcm2711\0", "", "raspberrypi,4-model-b"),
        ("", "", ""),
    ],
)
def test_the_machine_is_what_its_device_tree_says(tmp_path: Path, compatible: str, soc: str, board: str) -> None:
    base = tmp_path / "firmware/devicetree/base"
    base.mkdir(parents=True)
    (base / "compatible").write_text(compatible)
    known = machine(Roots(tmp_path))
    assert (known.soc, known.board) == (soc, board)


def test_a_spec_gives_the_group_and_no_more_than_the_node_s_mode(node: FakeNode) -> None:
    node.vendor_misc()
    (npu,) = discover(roots(node))
    node.file("/nix/store/a-rknn/lib/librknnrt.so", "")
    node.link("/usr/lib/librknnrt.so", "/nix/store/a-rknn/lib/librknnrt.so")
    library = cdi.Library(Path("/usr/lib/librknnrt.so"), "/usr/lib/librknnrt.so", "vendor")
    given = cdi.Given((library,), (Path("/nix/store/b-glibc"),), roots(node))
    spec = json.loads(cdi.spec([cdi.device("npu-0", npu, given)]))
    assert (spec["cdiVersion"], spec["kind"]) == ("0.7.0", "rockchip.com/npu")
    (edits,) = [one["containerEdits"] for one in spec["devices"]]
    (devnode,) = edits["deviceNodes"]
    assert (devnode["path"], devnode["gid"], devnode["fileMode"]) == ("/dev/rknpu", 303, 0o660)
    assert edits["additionalGids"] == [303]
    assert [(one["hostPath"], one["containerPath"]) for one in edits["mounts"]] == [
        ("/nix/store/a-rknn/lib/librknnrt.so", "/usr/lib/librknnrt.so"),
        ("/nix/store/b-glibc", "/nix/store/b-glibc"),
    ]
    assert all("ro" in one["options"] for one in edits["mounts"])


def test_a_full_disk_leaves_the_spec_that_was_there(tmp_path: Path) -> None:
    folder = cdi.Folder(tmp_path)
    folder.write("node", cdi.spec([{"name": "npu-0"}]))
    (tmp_path / "rockchip.com-npu-node.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        folder.write("node", cdi.spec([{"name": "npu-1"}]))
    assert [path.name for path in tmp_path.iterdir()] == ["rockchip.com-npu-node.json"]
    assert "npu-0" in (tmp_path / "rockchip.com-npu-node.json").read_text()


def test_only_its_own_specs_are_removed(tmp_path: Path) -> None:
    folder = cdi.Folder(tmp_path)
    (tmp_path / "nvidia.yaml").write_text("{}")
    for name in ("node", "old"):
        folder.write(name, cdi.spec([]))
    folder.keep(["node"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nvidia.yaml", "rockchip.com-npu-node.json"]


@pytest.mark.parametrize(
    ("content", "release"),
    [(b"\x7fELF librknnrt version: 2.3.2 (429f97ae6b@2025)", "2.3.2"), (b"", ""), (b"librknnrt version: x", "")],
)
def test_the_runtime_tells_its_release(tmp_path: Path, content: bytes, release: str) -> None:
    (tmp_path / "librknnrt.so").write_bytes(content)
    assert runtime_version(tmp_path / "librknnrt.so") == release
    assert runtime_version(tmp_path / "none.so") == ""


def test_links_are_followed_on_the_node_and_not_here(tmp_path: Path) -> None:
    here = Roots(files=tmp_path)
    (tmp_path / "nix/store/a/lib").mkdir(parents=True)
    (tmp_path / "nix/store/a/lib/l.so.2").write_text("")
    (tmp_path / "nix/store/a/lib/l.so").symlink_to("l.so.2")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/current-system").symlink_to("/nix/store/a")
    assert here.resolve(Path("/run/current-system/lib/l.so")) == Path("/nix/store/a/lib/l.so.2")
    (tmp_path / "loop").symlink_to("/loop")
    for path in ("/none", "/loop"):
        with pytest.raises(FileNotFoundError):
            here.resolve(Path(path))


def test_one_answer_changes_nothing_and_two_do(node: FakeNode) -> None:
    node.mainline()
    answers = iter(["", "bad", "", "bad", "", "bad", "worse", "", "worse", "", ""])
    inventory = Inventory(roots(node), lambda _: next(answers))
    seen = []
    for _ in range(11):
        inventory.look()
        seen.append(inventory.offered[0].problem)
    assert seen == [""] * 6 + ["worse"] * 4 + [""]
