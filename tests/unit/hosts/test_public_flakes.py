"""What flakes of other people's nodes do that few of one's own do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flakes import Judge, written

from rknn_validation.checks.configuration.registry import applicable, ask

pytestmark = pytest.mark.unit

FLAKE = """
    {
      inputs = {
        nixpkgs.url = "github:NixOS/nixpkgs/REF";
        one.url = "github:somebody/one";
        two.url = "github:somebody/two";
      };
      outputs = { nixpkgs, ... }@inputs: {
        nixosConfigurations.node = nixpkgs.lib.nixosSystem {
          specialArgs = { inherit inputs; };
          modules = [ { nixpkgs.hostPlatform = "aarch64-linux"; } ./node.nix ];
        };
      };
    }
"""


def flake(folder: Path, node: str, *, ref: str = "nixos-unstable", day: int = 0) -> Path:
    """A flake with one host, whose lock file says that its nixpkgs was changed last on `day` (seconds); 0: no lock."""
    written(folder, {"flake.nix": FLAKE.replace("REF", ref), "node.nix": node})
    if day:
        known = {"type": "github", "owner": "NixOS", "repo": "nixpkgs"}
        nodes = {
            "nixpkgs": {"original": {**known, "ref": ref}, "locked": {**known, "rev": "a" * 40, "lastModified": day}},
            "root": {"inputs": {"nixpkgs": "nixpkgs"}},
        }
        (folder / "flake.lock").write_text(json.dumps({"version": 7, "root": "root", "nodes": nodes}))
    return folder


@pytest.mark.parametrize(
    ("ref", "day", "kernel", "version"),
    [
        ("nixos-unstable", 0, "linuxPackages_latest", "7."),
        ("nixos-unstable", 1756542300, "linuxPackages_latest", "6.16"),  # August 2025
        ("nixos-unstable", 1756542300, "linuxPackages_6_15", "6.15"),  # not gone yet
        ("nixos-unstable", 1756542300, "linuxPackages", "6.12"),
        ("nixos-24.11", 1745000000, "linuxPackages", "6.6"),  # April 2025, of an older release
        ("nixos-unstable", 0, "linuxPackages_7_4", "7.4"),  # newer than what is recorded
        ("nixos-unstable", 0, '${"linuxPackages" + "_7_1"}', "7.1"),
    ],
)
def test_the_kernel_is_that_of_the_locked_nixpkgs(
    tmp_path: Path, judge: Judge, ref: str, day: int, kernel: str, version: str
) -> None:
    found = judge(
        str(flake(tmp_path, f"{{ pkgs, ... }}: {{ boot.kernelPackages = pkgs.{kernel}; }}", ref=ref, day=day))
    )
    assert found["node"].configuration.kernel.version.startswith(version)


def test_modules_of_missing_inputs_share_their_options(tmp_path: Path, judge: Judge) -> None:
    node = """
        { inputs, lib, config, ... }: {
          imports = [
            inputs.one.nixosModules.secrets inputs.two.nixosModules.disks
            { secrets.token = lib.mkIf true { owner = "a"; }; disks.list = [ 1 ]; }
          ];
          secrets.token.group = "b";
          disks.list = [ 2 ];
          environment.etc.x.text = config.secrets.token.owner + toString config.disks.list;
        }
    """
    found = judge(str(flake(tmp_path, node)))["node"].configuration
    assert found.etc["x"].text in ("a1 2", "a2 1")


def test_a_module_that_replaces_one_of_nixos_declares_its_options(tmp_path: Path, judge: Judge) -> None:
    node = """
        { lib, config, ... }: {
          disabledModules = [ "system/boot/loader/grub/grub.nix" ];
          options.boot.loader.grub.enable = lib.mkOption { type = lib.types.str; default = "mine"; };
          config.environment.etc.x.text = config.boot.loader.grub.enable;
        }
    """
    assert judge(str(flake(tmp_path, node)))["node"].configuration.etc["x"].text == "mine"


def test_a_missing_root_file_system_is_not_reported(tmp_path: Path, judge: Judge) -> None:
    node = '{ config, ... }: { systemd.services.grow.script = "grow ${config.fileSystems."/".device}"; }'
    assert "grow.service" in judge(str(flake(tmp_path, node)))["node"].configuration.units


def test_unit_options_are_available_to_own_modules(tmp_path: Path, judge: Judge) -> None:
    node = """
        { lib, utils, config, ... }: {
          options.mine = lib.mkOption {
            type = lib.types.attrsOf utils.systemdUtils.unitOptions.unitOption;
            default.Nice = 5;
          };
          config.environment.etc.x.text = toString config.mine.Nice;
        }
    """
    assert judge(str(flake(tmp_path, node)))["node"].configuration.etc["x"].text == "5"


@pytest.mark.parametrize(("repository", "status"), [("Mic92/sops-nix", "fail"), ("somebody/boards", "inconclusive")])
def test_missing_modules_without_npu_relevance_do_not_hide_failures(
    tmp_path: Path, judge: Judge, repository: str, status: str
) -> None:
    node = """
        { inputs, ... }: {
          imports = [ inputs.one.nixosModules.default ];
          hardware.deviceTree.name = "rockchip/rk3588-rock-5b.dtb";
          services.udev.extraRules = ''SUBSYSTEM=="accel", KERNELS=="rknn", GROUP="render", MODE="0666"'';
        }
    """
    place = flake(tmp_path, node)
    (place / "flake.nix").write_text((place / "flake.nix").read_text().replace("somebody/one", repository))
    facts = judge(str(place))["node"]
    (check,) = [one for one in applicable(facts) if one.id == "access.not-world-writable"]
    assert ask(check, facts).status.value == status


def test_the_library_of_flake_parts_is_that_of_the_nixpkgs_it_follows(tmp_path: Path, judge: Judge) -> None:
    text = """
        {
          inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
          inputs.flake-parts = { url = "github:hercules-ci/flake-parts"; inputs.nixpkgs-lib.follows = "nixpkgs"; };
          outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } ({ lib, ... }: {
            systems = [ "aarch64-linux" ];
            flake.nixosConfigurations.node = lib.nixosSystem {
              modules = [ { nixpkgs.hostPlatform = "aarch64-linux"; } ];
            };
          });
        }
    """
    place = flake(tmp_path, "{ }")
    (place / "flake.nix").write_text(text)
    known = {"type": "github", "owner": "NixOS", "repo": "nixpkgs", "rev": "a" * 40}
    parts = {"type": "github", "owner": "hercules-ci", "repo": "flake-parts", "rev": "b" * 40}
    nodes = {
        "nixpkgs": {"original": known, "locked": known},
        "flake-parts": {"original": parts, "locked": parts, "inputs": {"nixpkgs-lib": ["nixpkgs"]}},
        "root": {"inputs": {"nixpkgs": "nixpkgs", "flake-parts": "flake-parts"}},
    }
    (place / "flake.lock").write_text(json.dumps({"version": 7, "root": "root", "nodes": nodes}))
    assert judge(str(place))["node"].configuration.system == "aarch64-linux"
