# What the harness's emulated boards can boot: a guest for each host they could be, `guest-<host>`, the host as it is.
#
# `pytest --guest nixos` builds the same with a scenario's settings added. It builds them of any flake, so all of it is
# the harness's; packages they are so that `nix flake check` evaluates them and `nix build` finds them.
{ lib, hosts }:

let
  boots = lib.filterAttrs (_: host: host.pkgs.stdenv.hostPlatform.isAarch64) hosts;
in
lib.mapAttrs' (name: host: {
  name = "guest-${name}";
  value = import ../../src/rknn_validation/machine/nixos/guest.nix { inherit host name; };
}) boots
