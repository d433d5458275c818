{ cfg, config, lib, pkgs }:
{ hardware.graphics.enable = true; }
