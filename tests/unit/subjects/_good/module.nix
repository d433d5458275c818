# A complete module for the vendor's stack, in parts. A subject that is wrong in one way replaces one part:
#   import ../_good/module.nix { device = { cfg, pkgs, ... }: { … }; }
changed:
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.services.npu;
  here = {
    inherit
      cfg
      config
      lib
      pkgs
      ;
  };
  parts = import ./parts.nix // changed;
in
{
  options.services.npu = parts.options here // (parts.moreOptions or (_: { })) here;

  config = lib.mkMerge [
    (lib.mkIf cfg.enable (
      lib.mkMerge [
        (parts.device here)
        (parts.driver here)
        (parts.library here)
        (parts.python here)
        (parts.guard here)
        ((parts.more or (_: { })) here)
      ]
    ))
    ((parts.always or (_: { })) here)
  ];
}
