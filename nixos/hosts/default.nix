# The fleet: one file for each host, with its name. Gives the arguments of nixosSystem by host name.
{ lib, common }:

let
  isHost = name: kind: kind == "regular" && lib.hasSuffix ".nix" name && name != "default.nix";
  files = lib.filterAttrs isHost (builtins.readDir ./.);
in
lib.mapAttrs' (
  file: _:
  let
    name = lib.removeSuffix ".nix" file;
  in
  {
    inherit name;
    value.modules = common ++ [
      (./. + "/${file}")
      { networking.hostName = name; }
    ];
  }
) files
