# Roll-out option (b): a role of its own that only NPU nodes import.
#
# A host that imports it is meant to be an NPU node, so another board is rejected and not only warned about.
{ lib, ... }:

{
  imports = [
    ./k3s-agent.nix
    ./npu-labels.nix
    ./npu-pods.nix
  ];

  hardware.rknn = {
    enable = lib.mkDefault true;
    onForeignBoard = "fail";
  };
}
