# Options that a subject adds.
{ cfg, config, lib, pkgs }:
{ }
