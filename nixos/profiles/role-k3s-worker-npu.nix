# Roll-out option (b): a role of its own that only NPU nodes import.
#
# Whoever imports it says "this is an NPU node", so a board that is not one is refused instead of warned of.
{ lib, ... }:

{
  imports = [
    ./k3s-agent.nix
    ./npu-labels.nix
  ];

  hardware.rknn = {
    enable = lib.mkDefault true;
    onForeignBoard = "fail";
  };
}
