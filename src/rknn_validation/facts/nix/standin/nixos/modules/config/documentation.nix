# Documentation, fonts and desktop directories: what a server's configuration turns off.
{ lib, ... }:
let
  inherit (lib) types;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) off on;
in
{
  options = {
    documentation = {
      enable = on;
      man.enable = on;
      man.cache.enable = off;
      man.generateCaches = off;
      man.man-db.enable = on;
      man.man-db.skipPackages = declare.packages;
      man.mandoc.enable = off;
      doc.enable = on;
      dev.enable = off;
      info.enable = on;
      nixos = {
        enable = on;
        includeAllModules = off;
        extraModules = declare.listOf types.raw;
        extraModuleSources = declare.listOf (types.either types.path types.str);
        options.splitBuild = on;
        options.warningsAreErrors = on;
        checkRedirects = on;
      };
    };
    fonts = {
      packages = declare.paths;
      enableDefaultPackages = off;
      enableGhostscriptFonts = off;
      fontDir.enable = off;
      fontDir.decompressFonts = off;
      fontconfig.enable = on;
    };
    xdg = {
      autostart.enable = on;
      autostart.install = on;
      icons.enable = on;
      menus.enable = on;
      mime.enable = on;
      sounds.enable = on;
      terminal-exec.enable = off;
      portal.enable = off;
      portal.extraPortals = declare.packages;
    };
    appstream.enable = on;
  };
}
