# systemd's further daemons and their settings.
{ lib, ... }:
let
  inherit (lib) types;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) lines off on section;
in
{
  options.systemd = {
    coredump = {
      enable = on;
      extraConfig = lines;
      settings.Coredump = section;
    };
    oomd = {
      enable = on;
      enableRootSlice = off;
      enableSystemSlice = off;
      enableUserSlices = off;
      settings.OOM = section;
    };
    sleep.extraConfig = lines;
    sleep.settings.Sleep = section;
    sysusers.enable = off;
    homed.enable = off;
    tpm2.enable = on;
    network = {
      enable = off;
      config = declare.tree;
      links = declare.attrsOf types.attrs;
      netdevs = declare.attrsOf types.attrs;
      networks = declare.attrsOf types.attrs;
      wait-online = {
        enable = on;
        anyInterface = off;
        ignoredInterfaces = declare.strings;
        timeout = declare.int 120;
        extraArgs = declare.strings;
      };
    };
  };
}
