# A complete module for the vendor's stack, one file a part. A subject that is wrong in one way changes one of them.
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
in
{
  options.services.npu = import ./options.nix here // import ./more-options.nix here;

  config = lib.mkMerge [
    (lib.mkIf cfg.enable (
      lib.mkMerge [
        (import ./device.nix here)
        (import ./driver.nix here)
        (import ./library.nix here)
        (lib.mkIf (cfg.python.enable or true) (import ./python.nix here))
        (import ./guard.nix here)
        (import ./more.nix here)
      ]
    ))
    (import ./always.nix here)
  ];
}
