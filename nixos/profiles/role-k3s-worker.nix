# Roll-out option (a): every worker of a mixed fleet imports this one role, with NPU support in it.
#
# The role asks for what a role can know, the architecture: an x86_64 server never enables the module, whose
# assertion would rightly refuse it there. Which board it is stays the module's business; on an aarch64 machine
# that is no RK3588 it contributes nothing but a warning. A host that wants neither sets enable = false.
{ lib, pkgs, ... }:

{
  imports = [
    ./k3s-agent.nix
    ./npu-labels.nix
  ];

  hardware.rknn.enable = lib.mkDefault pkgs.stdenv.hostPlatform.isAarch64;
}
