# The dynamic loader at the place where other distributions have it, and the allocator it is told to load.
{ lib, ... }:
let
  inherit (lib) types;
  declare = import ../../lib/declare.nix { inherit lib; };
in
{
  options.environment = {
    ldso = declare.nullOr types.path;
    ldso32 = declare.nullOr types.path;
    stub-ld.enable = declare.on;
    memoryAllocator.provider = declare.of (types.enum [
      "libc"
      "graphene-hardened"
      "graphene-hardened-light"
      "jemalloc"
      "mimalloc"
      "scudo"
    ]) "libc";
  };
}
