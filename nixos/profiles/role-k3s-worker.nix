# Roll-out option (a): every worker of a mixed fleet imports this one role, with NPU support in it.
#
# The role only checks the architecture: on x86_64 it does not enable the module, whose assertion would fail there.
# The module checks the board: on an aarch64 machine that is not an RK3588 it only adds a warning. To have neither, set
# hardware.rknn.enable = false on the host.
{ lib, pkgs, ... }:

{
  imports = [
    ./k3s-agent.nix
    ./npu-labels.nix
    ./npu-pods.nix
  ];

  hardware.rknn.enable = lib.mkDefault pkgs.stdenv.hostPlatform.isAarch64;
}
