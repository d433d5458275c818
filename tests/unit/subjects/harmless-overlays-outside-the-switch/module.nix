{ config, lib, pkgs, ... }@args:
let
  good = import ../_good/module.nix { } args;
in
{
  inherit (good) options;
  imports = good.imports or [ ];
  config = lib.mkMerge [
    {
      nixpkgs.overlays = [ (final: _: { npu-tool = final.hello; }) ];
      nixpkgs.config.allowUnfreePredicate = package: lib.getName package == "rknn-runtime";
      assertions = [ { assertion = true; message = "It never fails."; } ];
      _module.args.npuBoards = [ "orangepi-5-plus" ];
    }
    good.config
  ];
}
