# What a fleet's common part must not have: every host gets it, and this one is a Raspberry Pi.
{ pkgs, ... }:
{
  services.udev.extraRules = ''
    SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="render", MODE="0660"
  '';
  systemd.tmpfiles.rules = [
    "L+ /usr/lib/librknnrt.so - - - - ${pkgs.callPackage ../_good/packages/runtime.nix { }}/lib/librknnrt.so"
  ];
}
