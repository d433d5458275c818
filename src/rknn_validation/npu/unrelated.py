"""Well-known flake inputs that have nothing to do with an NPU, by the names of their repositories."""

from __future__ import annotations

import re

UNRELATED_INPUTS = frozenset(
    {
        *("agenix", "agenix-rekey", "attic", "authentik-nix", "catppuccin", "colmena", "comin", "deploy-rs"),
        *("disko", "home-manager", "impermanence", "lanzaboote", "nix-darwin", "nix-flatpak"),
        *("nix-index-database", "nix-minecraft", "nix-topology", "nixarr", "nixos-generators"),
        *("nixos-mailserver", "nixos-vscode-server", "nixvim", "nur", "nvf", "preservation", "quadlet-nix"),
        *("ragenix", "simple-nixos-mailserver", "sops-nix", "stylix", "vpn-confinement"),
    }
)
"""Secrets, disks, homes, deployment, editors and looks: none sets a kernel, a device tree, a driver or a udev rule."""


def is_unrelated(told: str) -> bool:
    """Whether a module of an input, told as `nixosModules.sops of sops-nix (github:Mic92/sops-nix)`, is one."""
    named = re.search(r"[/:]([\w.-]+?)(?:\.git)?\)?$", told)
    return named is not None and named[1].lower() in UNRELATED_INPUTS
