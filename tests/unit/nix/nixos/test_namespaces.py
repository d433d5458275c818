"""Options that the stand-in lacks: a mistake of the subject, or a limit of the stand-in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rknn_validation.facts.nix.failure import explain
from rknn_validation.facts.nix.namespaces import _NIXOS_NAMES, is_mistaken, split_path
from rknn_validation.subject.validation import Subject

pytestmark = pytest.mark.unit

SUBJECT = Subject(
    root=Path("/subject"), module=Path("/subject/m.nix"), option=("hardware", "rknn"), overlays=(), imports=()
)


@pytest.mark.parametrize(
    "path",
    [
        "services.udev.extraRule",
        "systemd.services.npu.serviceConfigs",
        "boot.kernelModule",
        "hardware.deviceTree.overlay",
        "hardware.rknn.package",
        "hardwares.rknn.enable",
        "enviroment.systemPackages",
        "systemd.service",
        "home-maneger.users",
    ],
)
def test_an_option_that_nixos_does_not_have(path: str) -> None:
    assert is_mistaken(split_path(path), SUBJECT.option)


@pytest.mark.parametrize(
    "path",
    ["services.frigate.enable", "programs.steam.enable", "boot.uki.name", "krb5.realms", "hardware.sane.enable"],
)
def test_an_option_that_only_the_stand_in_lacks(path: str) -> None:
    assert not is_mistaken(split_path(path), SUBJECT.option)


@pytest.mark.parametrize("path", ["services.udevd.enable", "hardware.devicetree.name", "hardware.graphic.enable"])
def test_one_letter_off_is_a_mistake(path: str) -> None:
    parent, _, wrong = path.rpartition(".")[0].rpartition(".")
    right = {"udevd": "udev2", "devicetree": "deviceTree", "graphic": "graphics"}[wrong]
    message = f"The option `{path}' does not exist.\n\nDid you mean `{parent}.{right}', `{parent}.x' or `{parent}.y'?"
    assert is_mistaken(split_path(path), SUBJECT.option, message)


def test_namespaces_are_those_of_the_stand_in(values: dict[str, Any]) -> None:
    declared = values["declared"]
    data = json.loads(_NIXOS_NAMES.read_text())
    for prefix in data["carried"]:
        assert any(f"{path}.".startswith(f"{prefix}.") for path in declared), f"nothing is declared at {prefix}"
    assert {path.split(".")[0] for path in declared} <= set(data["top"])
    assert not set(data["carried"]) & set(data["elsewhere"])


def test_quoted_names_are_not_split() -> None:
    assert split_path('environment.etc."a.b".text') == ["environment", "etc", "a.b", "text"]


@pytest.mark.parametrize(
    ("case", "kind"), [("misspelled", "subject"), ("notCarried", "unknown"), ("nonsense", "subject")]
)
def test_setting_it_is_a_mistake_or_unknown(case: str, kind: str, refusal: Callable[[str], str]) -> None:
    message = refusal(case)
    assert explain(message, SUBJECT, standin=True).kind == kind
    assert explain(message, SUBJECT, standin=False).kind == "subject"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("config.services.frigate.enable", "unknown"),
        ("config.services.udev.extraRule", "subject"),
        ("config.hardware.rknn.enabled", "subject"),
        ("config.boot.kernelPackages.zenpower", "unknown"),
        ("config.boot.kernelPackages.rknpu", "subject"),
        ("config.system.build.sdImage", "unknown"),
    ],
)
def test_reading_it_is_a_mistake_or_unknown(path: str, kind: str) -> None:
    name = path.split(".")[2 if "frigate" in path else -1]
    at = "at /subject/m.nix:3:9:\n\n            2|\n            3|   x = "
    message = f"error: attribute '{name}' missing\n\n       {at}{path};\n"
    assert explain(message, SUBJECT, standin=True).kind == kind


def test_importing_a_nixos_module_that_the_stand_in_lacks_is_unknown() -> None:
    message = "error: getting status of '/x/standin/nixos/modules/installer/sd-card/sd.nix': No such file or directory"
    assert explain(message, SUBJECT, standin=True).kind == "unknown"
