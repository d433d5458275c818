"""Device-tree overlays are compiled, and read as the kernel would get them."""

from __future__ import annotations

import shutil

import pytest

from rknn_validation.facts.devicetree.compile import NoDeviceTree, compiled, read_dtb
from rknn_validation.facts.devicetree.overlays import mainline_labels, read_overlay
from rknn_validation.facts.nix.configuration import DeviceTreeOverlay

pytestmark = [
    pytest.mark.unit,
    pytest.mark.skipif(shutil.which("dtc") is None, reason="dtc is not installed: `make setup` installs it"),
]

HEAD = '/dts-v1/;\n/plugin/;\n/ { compatible = "rockchip,rk3588"; };\n'


def test_what_an_overlay_changes_is_found_by_label_and_by_path() -> None:
    text = f"""{HEAD}
    &rknn_mmu_0 {{ status = "okay"; }};
    &{{/}} {{ npu@fdab0000 {{ iommus = <&rknn_mmu_0>; npu-supply = <&vdd_npu_s0>; }}; }};
    """
    overlay = read_overlay(DeviceTreeOverlay("npu", text, None, None), mainline_labels())
    found = {change.path: change for change in overlay.changes}
    assert overlay.compatible == ("rockchip,rk3588",)
    assert found["/iommu@fdab9000"].node.enabled
    assert found["/npu@fdab0000"].refers["iommus"] == ("/iommu@fdab9000",)
    assert found["/npu@fdab0000"].refers["npu-supply"] == ("&vdd_npu_s0",)
    assert overlay.is_about_npu


def test_explicit_fragments_give_the_same_result() -> None:
    text = f"""{HEAD} / {{ fragment@0 {{ target = <&rknn_core_0>; __overlay__ {{ status = "disabled"; }}; }}; }};"""
    overlay = read_overlay(DeviceTreeOverlay("npu", text, None, None), mainline_labels())
    assert [(one.path, one.node.enabled) for one in overlay.changes] == [("/npu@fdab0000", False)]


@pytest.mark.parametrize(
    "text",
    [
        "#include <dt-bindings/clock/rockchip,rk3588-cru.h>\n{head}&rknn_core_0 {{ clocks = <&cru ACLK_NPU0>; }};",
        '#define STATE "okay"\n{head}&rknn_core_0 {{ status = STATE; }};',
        '{head}// npu\n/* &nobody { */ &rknn_core_0 {{ status = "okay"; }};',
    ],
)
def test_macros_and_includes_are_preprocessed(text: str) -> None:
    text = text.replace("{head}", HEAD).replace("{{", "{").replace("}}", "}")
    assert compiled(text).root is not None, compiled(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + '&rknn_core_0 { status = "okay" };', "syntax error"),
        (HEAD.replace("/plugin/;\n", "") + "&rknn_core_0 { };", "rknn_core_0"),
        (HEAD.replace("/plugin/;\n", "") + "&{/} { npu@fdab0000 { }; };", "not an overlay"),
        (HEAD.replace("/dts-v1/;\n", ""), "syntax error"),
    ],
)
def test_compile_errors_are_dtcs_own(text: str, said: str) -> None:
    assert said in compiled(text).complaint


def test_preprocessor_conditions_are_unknown() -> None:
    assert "conditions" in compiled(f"#ifdef A\n{HEAD}#endif\n").unknown
    assert "nobody.h" in compiled(f"#include <nobody.h>\n{HEAD}&x {{ y = <MACRO(1)>; }};").unknown


@pytest.mark.parametrize("blob", [b"", b"\xd0\x0d\xfe\xed", b"\0" * 64])
def test_other_files_are_not_read_as_device_trees(blob: bytes) -> None:
    with pytest.raises(NoDeviceTree):
        read_dtb(blob)
