# What a subject does whether it is on or off.
{ cfg, config, lib, pkgs }:
{ }
