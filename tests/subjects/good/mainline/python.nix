{ cfg, config, lib, pkgs }:
{ }
