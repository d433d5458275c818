# Guests for the harness's emulated boards: `guest-<host>` for each aarch64 host, unchanged.
#
# `pytest --guest nixos` builds the same for hosts of any flake, with a scenario's settings. They are packages so that
# `nix flake check` evaluates them and `nix build` finds them.
{ lib, hosts }:

let
  boots = lib.filterAttrs (_: host: host.pkgs.stdenv.hostPlatform.isAarch64) hosts;
in
lib.mapAttrs' (name: host: {
  name = "guest-${name}";
  value = import ../../src/rknn_validation/machine/nixos/guest.nix { inherit host name; };
}) boots
