# Brings overlays of its own.
{ pkgs, ... }:
{
  nixpkgs.overlays = [
    (final: prev: {
      bashInteractive = prev.bashInteractive // { version = "9"; };
      npu = final.runCommand "npu-1" { meta.license = final.lib.licenses.unfree; } "touch $out";
    })
  ];
  environment.systemPackages = [ pkgs.npu ];
}
