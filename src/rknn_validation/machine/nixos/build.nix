# What `pytest --guest nixos` builds: the guest of one host of a flake with one scenario's settings added.
#
# `flake` as Nix takes it, `request` as JSON: { scenario, option, settings, config }.
{
  flake,
  host,
  request,
}:

let
  hosts = (builtins.getFlake flake).nixosConfigurations;
  known = builtins.concatStringsSep ", " (builtins.attrNames hosts);
in
import ./guest.nix {
  name = host;
  host = hosts.${host} or (throw "${flake} has no nixosConfigurations.${host}, only: ${known}");
  request = builtins.fromJSON request;
}
