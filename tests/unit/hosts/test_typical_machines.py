"""Whole machines that serve cameras, photos and people: what is for the NPU is judged, each by what is there for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from flakes import Judge, written

from rknn_validation.checks.configuration import applicable, ask
from rknn_validation.checks.model import LINT, Status
from rknn_validation.facts.model import Facts

pytestmark = pytest.mark.unit

GOOD = Path(__file__).resolve().parents[2] / "subjects" / "good" / "vendor"
FLAKE = """
    {
      inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
      outputs = { self, nixpkgs }: {
        nixosConfigurations = builtins.mapAttrs (
          name: more: nixpkgs.lib.nixosSystem { modules = [ ./machine.nix more ]; }
        ) (import ./hosts.nix);
      };
    }
"""
MACHINE = """
    { config, lib, pkgs, ... }: {
      options.vendor = lib.mkOption { default = true; };
      config = lib.mkMerge [
        {
          nixpkgs.hostPlatform = "aarch64-linux";
          nixpkgs.config.allowUnfree = true;
          hardware.deviceTree.name = "rockchip/rk3588-orangepi-5-plus.dtb";
          fileSystems."/" = { device = "/dev/disk/by-label/NIXOS"; fsType = "ext4"; };
          services.openssh.enable = true;
          users.users.alice = { isNormalUser = true; extraGroups = [ "wheel" "video" ]; packages = [ pkgs.git ]; };
        }
        (lib.mkIf (!config.vendor) { boot.kernelPackages = pkgs.linuxPackages_6_18; hardware.graphics.enable = true; })
        (lib.mkIf config.vendor {
          boot.extraModulePackages = [ (config.boot.kernelPackages.callPackage ./good/packages/driver.nix { }) ];
          hardware.deviceTree.enable = true;
          hardware.deviceTree.overlays = [ { name = "rknpu"; dtsText = builtins.readFile ./good/rknpu.dts; } ];
          services.udev.packages = [ (pkgs.writeTextDir "lib/udev/rules.d/70-npu.rules" ''
            SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="render", MODE="0660"
            SUBSYSTEM=="drm", DRIVERS=="RKNPU", GROUP="render", MODE="0660"
          '') ];
          systemd.tmpfiles.rules = [
            "L+ /usr/lib/librknnrt.so - - - - ${pkgs.callPackage ./good/packages/runtime.nix { }}/lib/librknnrt.so"
          ];
        })
      ];
    }
"""
HOSTS = """
    let
      container = name: given: { virtualisation.oci-containers.containers.${name} = given; };
      frigate = more: container "frigate" ({ image = "ghcr.io/blakeblackshear/frigate:0.16.1-rk"; } // more);
      open = [ "--security-opt=systempaths=unconfined" ];
      person = groups: { pkgs, ... }: {
        users.users.bob = {
          isNormalUser = true;
          extraGroups = groups;
          packages = [ (pkgs.python312.withPackages (ps: [ (ps.callPackage ./good/packages/toolkit.nix { }) ])) ];
        };
      };
    in
    {
      frigate = frigate { devices = [ "/dev/dri" ]; extraOptions = open; };
      frigate-masked = frigate { devices = [ "/dev/dri" ]; };
      frigate-plain = frigate { image = "ghcr.io/blakeblackshear/frigate:0.16.1"; privileged = true; };
      frigate-of-the-vendor = { vendor = false; imports = [ (frigate { devices = [ "/dev/accel/accel0" ]; }) ]; };
      own-image = container "detector" { image = "git.lan/detector:3"; devices = [ "/dev/dri" ]; extraOptions = open; };
      own-image-without-device = container "detector" { image = "git.lan/detector:3"; extraOptions = open; };
      person = person [ "render" ];
      person-outside = person [ "video" ];
      person-of-mainline = {
        imports = [ ({ pkgs, ... }: {
          users.users.alice.packages = [ (pkgs.python312.withPackages (ps: [ ps.ai-edge-litert ])) ];
          users.users.alice.extraGroups = [ "render" ];
        }) ];
        vendor = false;
      };
      films = {
        services.jellyfin.enable = true;
        users.users.jellyfin.extraGroups = [ "video" "render" ];
      };
    }
"""
CONTAINERS, PEOPLE = "units.containers-can-use-npu", "access.users-in-device-group"
# Host -> what is expected there, what fails, what stays open.
WANTED: Mapping[str, tuple[str, set[str], set[str]]] = {
    "frigate": ("service:frigate", set(), set()),
    "frigate-masked": ("service:frigate", {CONTAINERS, "expects.service"}, set()),
    "frigate-plain": ("service:frigate", {"expects.service"}, set()),
    "frigate-of-the-vendor": ("service:frigate", {CONTAINERS, "expects.service"}, set()),
    "own-image": ("service:detector", set(), {"expects.service"}),
    "own-image-without-device": ("service:detector", {"expects.service"}, set()),
    "person": ("python", set(), set()),
    "person-outside": ("python", {PEOPLE, "expects.python"}, set()),
    "person-of-mainline": ("python", set(), set()),
    # Who makes the user is not modelled.
    "films": ("devnode", set(), {"evaluation.assertions-hold"}),
}


@pytest.fixture
def machines(tmp_path: Path, judge: Judge) -> Mapping[str, Facts]:
    """The facts of all of them."""
    folder = written(tmp_path / "machines", {"flake.nix": FLAKE, "machine.nix": MACHINE, "hosts.nix": HOSTS})
    for path in (path for path in GOOD.rglob("*") if path.is_file()):
        written(folder, {f"good/{path.relative_to(GOOD)}": path.read_text()})
    return judge(str(folder))


def test_machines_are_judged_only_by_what_concerns_the_npu(machines: Mapping[str, Facts]) -> None:
    found = {name: (WANTED[name][0], *_answers(facts, WANTED[name][0])) for name, facts in machines.items()}
    # A hybrid has the stand-in's modules and packages, and nothing is known to be missing.
    left = set() if machines["films"].stand_ins else {"films", "person-of-mainline"}
    assert {name: one for name, one in found.items() if name not in left} == {
        name: one for name, one in WANTED.items() if name not in left
    }


def _answers(facts: Facts, expected: str) -> tuple[set[str], set[str]]:
    """Checks that fail, and that could not tell, where that is expected."""
    facts = replace(facts, scenario=replace(facts.scenario, expects=(expected,)))
    answers = {one.id: ask(one, facts).status for one in applicable(facts) if one.group != LINT}
    return tuple(
        {id for id, seen in answers.items() if seen is status} for status in (Status.FAIL, Status.INCONCLUSIVE)
    )  # type: ignore[return-value]
