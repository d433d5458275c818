"""The overlays compile, apply to a tree shaped like mainline's since 6.18, and leave it as the driver expects it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rknn_validation.npu import devicetrees

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
MODULE = ROOT / "nixos/modules/nixos/rknn"
ADDRESSES = ("fdab0000", "fdac0000", "fdad0000")
MMUS = ("fdab9000", "fdaca000", "fdada000")

CORE = """
    rknn_core_{n}: npu@{core} {{
        compatible = "rockchip,rk3588-rknn-core";
        reg = <0x0 0x{core} 0x0 0x1000>;
        reg-names = "pc";
        interrupts = <0 {irq} 4 0>;
        clocks = <&cru 1>;
        clock-names = "aclk";
        resets = <&cru 1>;
        reset-names = "srst_a";
        power-domains = <&power 1>;
        iommus = <&rknn_mmu_{n}>;
        status = "disabled";
    }};
    rknn_mmu_{n}: iommu@{mmu} {{
        compatible = "rockchip,rk3588-iommu";
        reg = <0x0 0x{mmu} 0x0 0x100>;
        #iommu-cells = <0>;
        status = "disabled";
    }};
"""
TREE = (
    """/dts-v1/;
/ {
    compatible = "test,board", "rockchip,rk3588";
    #address-cells = <2>;
    #size-cells = <2>;
    cru: clock-controller { #clock-cells = <1>; #reset-cells = <1>; };
    scmi_clk: scmi { #clock-cells = <1>; };
    power: power-controller { #power-domain-cells = <1>; };
    vdd_npu_s0: regulator-npu { regulator-name = "vdd_npu_s0"; };
    vdd_npu_mem_s0: regulator-npu-mem { regulator-name = "vdd_npu_mem_s0"; };
"""
    + "".join(
        CORE.format(n=n, core=core, mmu=mmu, irq=110 + n)
        for n, (core, mmu) in enumerate(zip(ADDRESSES, MMUS, strict=True))
    )
    + "};\n"
)


def run(*command: str | Path, text: str = "") -> str:
    """Output of a program that has to succeed."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, f"{command[0]}: {done.stderr}"
    return done.stdout


def apply(overlay: str, work: Path) -> Path:
    """The test tree with an overlay laid over it. Constants of dt-bindings get numbers of their own."""
    code = re.sub(r"//[^\n]*", "", overlay)
    code = re.sub(r"#include <dt-bindings/[^>]*>\n", "", code)
    code = re.sub(r"#include[^\n]*", "", code)
    constants = dict.fromkeys(re.findall(r"(?<![\w&])[A-Z][A-Z0-9_]{3,}\b", code))
    for number, name in enumerate(sorted(constants, key=len, reverse=True)):
        code = re.sub(rf"\b{name}\b", str(number), code)
    run("dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", work / "base.dtb", "-", text=TREE)
    run("dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", work / "overlay.dtbo", "-", text=code)
    run("fdtoverlay", "-i", work / "base.dtb", "-o", work / "out.dtb", work / "overlay.dtbo")
    return work / "out.dtb"


def strings(tree: Path, node: str, name: str) -> list[str]:
    """The strings of a property."""
    return run("fdtget", "-t", "s", tree, node, name).split()


def cells(tree: Path, node: str, name: str) -> list[int]:
    """The cells of a property."""
    return [int(cell, 16) for cell in run("fdtget", "-t", "x", tree, node, name).split()]


def test_vendor_overlay_makes_one_node_of_three(tmp_path: Path) -> None:
    tree = apply((MODULE / "rknpu-overlay.dts").read_text(), tmp_path)
    node = "/npu@fdab0000"
    assert strings(tree, node, "compatible") == ["rockchip,rk3588-rknpu"]
    assert strings(tree, node, "status") == ["okay"]
    assert [strings(tree, f"/npu@{one}", "status") for one in ADDRESSES[1:]] == [["disabled"]] * 2
    assert [strings(tree, f"/iommu@{one}", "status") for one in MMUS] == [["okay"], ["disabled"], ["disabled"]]
    # As many names as there are things to name, or the driver finds another clock than it asks for.
    for values, names, size in (
        ("reg", "reg-names", 4),
        ("interrupts", "interrupt-names", 4),
        ("clocks", "clock-names", 2),
        ("resets", "reset-names", 2),
        ("power-domains", "power-domain-names", 2),
    ):
        assert len(cells(tree, node, values)) == size * len(strings(tree, node, names)), values
    assert cells(tree, node, "reg")[1::4] == [int(one, 16) for one in ADDRESSES]
    # The MMU driver keeps one MMU for a device: this one has to have the banks of every core.
    mmu = f"/iommu@{MMUS[0]}"
    assert cells(tree, node, "iommus") == cells(tree, mmu, "phandle")
    assert cells(tree, mmu, "reg")[1::4] == [0xFDAB9000, 0xFDABA000, 0xFDACA000, 0xFDADA000]
    assert len(cells(tree, mmu, "interrupts")) == 3 * 4


@pytest.mark.parametrize("sram", ["vdd_npu_s0", "vdd_npu_mem_s0"])
def test_rocket_overlay_enables_every_core_and_its_mmu(sram: str, tmp_path: Path) -> None:
    text = (MODULE / "rocket-overlay.dts").read_text()
    tree = apply(text.replace("&NPU_SUPPLY", "&vdd_npu_s0").replace("&SRAM_SUPPLY", f"&{sram}"), tmp_path)
    supplies = {
        name: cells(tree, path, "phandle")
        for name, path in (("vdd_npu_s0", "/regulator-npu"), ("vdd_npu_mem_s0", "/regulator-npu-mem"))
        if name in ("vdd_npu_s0", sram)
    }
    for core, mmu in zip(ADDRESSES, MMUS, strict=True):
        assert strings(tree, f"/npu@{core}", "compatible") == ["rockchip,rk3588-rknn-core"]
        assert strings(tree, f"/npu@{core}", "status") == ["okay"]
        assert cells(tree, f"/npu@{core}", "npu-supply") == supplies["vdd_npu_s0"]
        assert cells(tree, f"/npu@{core}", "sram-supply") == supplies[sram]
        assert strings(tree, f"/iommu@{mmu}", "status") == ["okay"]


def test_a_label_the_board_lacks_is_an_error(tmp_path: Path) -> None:
    text = (MODULE / "rocket-overlay.dts").read_text()
    with pytest.raises(AssertionError, match="fdtoverlay"):
        apply(text.replace("&NPU_SUPPLY", "&vdd_of_another_board").replace("&SRAM_SUPPLY", "&vdd_npu_s0"), tmp_path)


def test_every_board_is_in_one_list_and_the_harness_knows_the_same() -> None:
    expression = f"with import {MODULE / 'trees.nix'}; {{ inherit enabledSince unsupplied; "
    expression += "supplied = builtins.attrNames supplies; }"
    nix = shutil.which("nix-instantiate")
    assert nix
    facts = json.loads(run(nix, "--store", "dummy://", "--eval", "--strict", "--json", "-E", expression))
    disabled = [*facts["supplied"], *facts["unsupplied"]]
    boards = [*facts["enabledSince"], *disabled]
    assert len(boards) == len(set(boards)) == 43
    assert all(re.fullmatch(r"rockchip/rk3588s?-[a-z0-9-]+\.dtb", board) for board in boards)
    for board, since in facts["enabledSince"].items():
        assert devicetrees.enabled_in(devicetrees.name_of(board)).startswith(since)
    assert not any(devicetrees.enables_npu(devicetrees.name_of(board), "7.2.13") for board in disabled)
