"""udev, tmpfiles, kernel, device trees, graphics, accounts, activation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.unit


def test_the_default_system_has_no_warnings_and_no_failed_assertions(values: dict[str, Any]) -> None:
    bare = values["bare"]
    assert bare["failed"] == []
    assert bare["warnings"] == []
    assert bare["gids"] == {"render": 303, "video": 26, "root": 0}
    assert {"root", "nobody"} <= set(bare["users"])
    assert {"EDITOR", "PAGER", "NIX_PATH"} <= set(bare["variables"])
    assert bare["modules"] == "atkbd\nloop\n"
    assert bare["deviceTree"] is True, "aarch64 boards are booted with device trees"


def test_extra_udev_rules_come_last(values: dict[str, Any]) -> None:
    udev = values["udev"]
    index = udev["files"].index("/etc/udev/rules.d/99-local.rules")
    assert udev["texts"][index] == udev["extraRules"]
    assert 'KERNEL=="rknpu", GROUP="render"' in udev["extraRules"]


def test_tmpfiles_settings_are_quoted_lines(values: dict[str, Any]) -> None:
    text = "".join(values["tmpfiles"])
    assert "'L+' '/usr/lib/librknnrt.so' '-' '-' '-' '-' /store/lib/librknnrt.so\n" in text
    assert "'d' '/var/lib/npu' '0750' '-' 'render' '-' \n" in text
    assert "\nd /run/npu 0755 root root -\n" in text


def test_activation_scripts_are_text_or_have_dependencies(values: dict[str, Any]) -> None:
    activation = values["activation"]
    assert activation["text"] == "echo text"
    assert activation["late"] == {"deps": ["text"], "text": "echo late", "supportsDryActivation": True}
    assert activation["script"].index("echo text") < activation["script"].index("echo late")


def test_opengl_is_graphics_by_its_old_name(values: dict[str, Any]) -> None:
    opengl = values["opengl"]
    assert opengl["enable"] is True
    assert opengl["package"] == "mesa"
    assert opengl["link"] == "L+"
    (warning,) = opengl["warnings"]
    assert "`hardware.opengl.enable' defined in" in warning
    assert "has been renamed to `hardware.graphics.enable'" in warning


def test_a_removed_option_fails_and_says_what_to_do(values: dict[str, Any]) -> None:
    (message,) = values["removedOption"]
    assert "driSupport" in message
    assert "The setting can be removed." in message


def test_a_second_default_of_the_graphics_package_conflicts(refusal: Callable[[str], str]) -> None:
    assert "`hardware.graphics.package' is defined multiple times" in refusal("twoGraphicsDefaults")


def test_device_tree_overlays(values: dict[str, Any]) -> None:
    path, text = values["deviceTree"]
    assert path["name"] == "values.nix"
    assert text == {"name": "npu", "dtsText": "/dts-v1/;", "dtsFile": None, "filter": None}
    (message,) = values["emptyOverlay"]
    assert "needs one of dtsFile, dtsText or dtboFile set" in message


def test_kernel_modules_and_patches(values: dict[str, Any]) -> None:
    kernel = values["kernel"]
    assert kernel["modules"] == ["atkbd", "rocket"], "a module can be taken out again"
    assert "blacklist rknpu\n" in kernel["modprobe"]
    assert kernel["patches"][-1] == "npu"


def test_a_kernel_parameter_with_a_space_is_rejected(refusal: Callable[[str], str]) -> None:
    assert "boot.kernelParams" in refusal("spaceInParameter")


def test_accounts(values: dict[str, Any]) -> None:
    accounts = values["accounts"]
    assert (accounts["home"], accounts["group"]) == ("/home/alice", "users")
    assert accounts["members"] == ["alice"]
    assert len(accounts["failed"]) == 2
    assert "isSystemUser" in accounts["failed"][0]


def test_settings_and_overlays_reach_the_package_set(values: dict[str, Any]) -> None:
    assert values["settingsOfNixpkgs"] == {"allowUnfree": True, "added": "hello", "system": "aarch64-linux"}


def test_the_first_of_several_nixpkgs_settings_wins(values: dict[str, Any]) -> None:
    assert values["severalSettingsOfNixpkgs"] == {
        "allowUnfree": False,
        "nested": {"a": 1, "b": 2},
        "list": ["first"],
        "early": "module",
        "late": "last of all",
    }


def test_a_failed_assertion_rejects_the_system(values: dict[str, Any]) -> None:
    assert values["toplevelRefuses"] is False
