# What a subject adds while it is on.
{ cfg, config, lib, pkgs }:
{ }
