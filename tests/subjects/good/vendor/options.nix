{ cfg, config, lib, pkgs }:

{
  enable = lib.mkEnableOption "the NPU of RK3588 boards";
  package = lib.mkOption {
    type = lib.types.package;
    default = pkgs.callPackage ./packages/runtime.nix { };
    description = "Package with librknnrt.so.";
  };
  python = {
    enable = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether to install the Python API.";
    };
    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.python312.pkgs.callPackage ./packages/toolkit.nix { };
      description = "The Python API.";
    };
  };
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
