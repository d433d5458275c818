# Devices that a node's configuration may switch on.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) off;
  cfg = config.hardware;
in
{
  options.hardware = {
    i2c.enable = off;
    i2c.group = declare.str "i2c";
    uinput.enable = off;
    bluetooth.package = declare.package pkgs.bluez;
  };

  config = lib.mkMerge [
    (lib.mkIf cfg.i2c.enable {
      boot.kernelModules = [ "i2c-dev" ];
      users.groups.i2c = lib.mkIf (cfg.i2c.group == "i2c") { };
      services.udev.extraRules = ''
        # allow group ${cfg.i2c.group} and users with a seat use of i2c devices
        ACTION=="add", KERNEL=="i2c-[0-9]*", TAG+="uaccess", GROUP="${cfg.i2c.group}", MODE="660"
      '';
    })
    (lib.mkIf cfg.uinput.enable {
      boot.kernelModules = [ "uinput" ];
      users.groups.uinput = { };
      services.udev.extraRules = ''
        SUBSYSTEM=="misc", KERNEL=="uinput", MODE="0660", GROUP="uinput", OPTIONS+="static_node=uinput"
      '';
    })
  ];
}
