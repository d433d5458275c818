# Device trees: which one the boot loader is told to use, and what is laid over it.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.hardware.deviceTree;
  inherit (lib) types;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) nullOr of;

  overlay = declare.submodule {
    name = declare.required types.str;
    filter = nullOr types.str;
    dtsFile = nullOr types.path;
    dtsText = nullOr types.str;
    dtboFile = nullOr types.path;
  };
  empty = one: one.dtsFile == null && one.dtsText == null && one.dtboFile == null;
in
{
  imports = [
    (lib.mkRemovedOptionModule [
      "hardware"
      "deviceTree"
      "base"
    ] "Use hardware.deviceTree.kernelPackage instead")
  ];

  options.hardware.deviceTree = {
    # The default is the platform's in 26.05, and the kernel's in 26.11.
    enable = declare.flag (
      pkgs.stdenv.hostPlatform.linux-kernel.DTB or config.boot.kernelPackages.kernel.buildDTBs
    );
    kernelPackage = of types.path config.boot.kernelPackages.kernel;
    dtbSource = of types.path "${cfg.kernelPackage}/dtbs";
    name = nullOr types.str;
    overlays = declare.listOf (
      types.coercedTo types.path (path: {
        name = baseNameOf path;
        dtboFile = path;
      }) overlay
    );
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = lib.all (one: !empty one) cfg.overlays;
        message = ''
          deviceTree overlay needs one of dtsFile, dtsText or dtboFile set.
          Offending overlay(s):
          ${toString (map (one: one.name) (lib.filter empty cfg.overlays))}
        '';
      }
    ];
    hardware.deviceTree.package =
      if cfg.overlays == [ ] then
        pkgs.runCommand "dtbs-filtered" { inherit (cfg) dtbSource; } "filter"
      else
        pkgs.deviceTree.applyOverlays cfg.dtbSource cfg.overlays;
  };
}
