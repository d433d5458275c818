"""Flakes to be judged: a fleet with inputs, and one with a host that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from rknn_validation.facts.model import Facts
from rknn_validation.subject.hosts import Host

FLEET = {
    "flake.nix": """
        {
          inputs = {
            nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
            npu = { url = "path:./npu"; inputs.nixpkgs.follows = "nixpkgs"; };
            boards.url = "github:somebody/boards";
            secrets = { url = "path:./secrets"; flake = false; };
          };
          outputs = { self, nixpkgs, npu, ... }@inputs:
            let
              host = name: module: nixpkgs.lib.nixosSystem {
                specialArgs = { inherit inputs self; user = "alice"; };
                modules = [ module { networking.hostName = name; nixpkgs.overlays = [ npu.overlays.default ]; } ];
              };
            in {
              nixosConfigurations = {
                opi = host "opi" ./hosts/opi.nix;
                rock = host "rock" ./hosts/rock.nix;
                pc = host "pc" ./hosts/pc.nix;
              };
            };
        }
    """,
    "npu/flake.nix": """
        {
          inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
          outputs = { self, nixpkgs }: {
            nixosModules.default = { lib, config, ... }: {
              options.npu.enable = lib.mkEnableOption "the NPU";
              config = lib.mkIf config.npu.enable {
                boot.kernelModules = [ "rocket" ];
                hardware.graphics.enable = true;
              };
            };
            overlays.default = final: prev: { npu-note = final.writeText "note" "npu"; };
          };
        }
    """,
    "hosts/opi.nix": """
        { inputs, user, pkgs, ... }: {
          imports = [ inputs.npu.nixosModules.default ];
          npu.enable = true;
          nixpkgs.hostPlatform = "aarch64-linux";
          hardware.deviceTree.name = "rockchip/rk3588-orangepi-5-plus.dtb";
          users.users.${user} = { isNormalUser = true; extraGroups = [ "wheel" "render" ]; };
          environment.etc."secret".source = inputs.secrets + "/token";
          environment.systemPackages = [ pkgs.npu-note ];
        }
    """,
    "hosts/rock.nix": """
        { inputs, ... }: {
          imports = [ inputs.npu.nixosModules.default inputs.boards.nixosModules.rock-5b ];
          npu.enable = true;
          nixpkgs.hostPlatform = "aarch64-linux";
          hardware.deviceTree.name = "rockchip/rk3588-rock-5b.dtb";
        }
    """,
    "hosts/pc.nix": '{ nixpkgs.hostPlatform = "x86_64-linux"; services.openssh.enable = true; }',
    "secrets/token": "secret",
}
BAD_HOST = """
    {
      inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
      outputs = { self, nixpkgs }: {
        nixosConfigurations = {
          good = nixpkgs.lib.nixosSystem { modules = [ { nixpkgs.hostPlatform = "aarch64-linux"; } ]; };
          bad = BAD;
        };
      };
    }
"""


def written(folder: Path, files: Mapping[str, str]) -> Path:
    """The folder with these files in it."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


class Judge(Protocol):
    """`judge("PATH#HOST")`: the facts of the hosts that are meant, and the lines of progress."""

    def __call__(self, reference: str | Host, option: str = "") -> Mapping[str, Facts]:
        """By host."""
