{ cfg, config, lib, pkgs }:

{
  enable = lib.mkEnableOption "the NPU of RK3588 boards";
  group = lib.mkOption {
    type = lib.types.str;
    default = "render";
    description = "Group of the device node.";
  };
  mode = lib.mkOption {
    type = lib.types.str;
    default = "0660";
    description = "Mode of the device node.";
  };
}
