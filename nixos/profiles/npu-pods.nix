# Pods get the NPU by DRA: the node driver as a service of the host, which writes the CDI spec for containerd as well.
#
# Where the machine is no RK3588, or NPU support is off, nothing of it is there.
{ lib, ... }:

{
  imports = [ ../modules/nixos/rknn-node-driver.nix ];

  services.rknn-node-driver = {
    enable = lib.mkDefault true;
    metricsPort = lib.mkDefault 9400;
  };
}
