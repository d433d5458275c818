# Devices that a node's configuration may switch on.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) types;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) off on;
  cfg = config.hardware;
in
{
  options.hardware = {
    cpu.amd.updateMicrocode = off;
    cpu.intel.updateMicrocode = off;
    cpu.x86.msr = {
      enable = off;
      owner = declare.str "root";
      group = declare.str "msr";
      mode = declare.str "0640";
    };
    i2c.enable = off;
    i2c.group = declare.str "i2c";
    uinput.enable = off;
    sensor.iio.enable = off;
    bluetooth = {
      enable = off;
      package = declare.package pkgs.bluez;
      powerOnBoot = on;
      hsphfpd.enable = off;
      disabledPlugins = declare.strings;
      settings = declare.ini;
      input = declare.ini;
      network = declare.ini;
    };
    rtl-sdr.enable = off;
    rtl-sdr.package = declare.package pkgs.rtl-sdr;
    hackrf.enable = off;
    steam-hardware.enable = off;
    usb-modeswitch.enable = off;
    acpilight.enable = off;
    brillo.enable = off;
    gpgSmartcards.enable = off;
    ksm.enable = off;
    ksm.sleep = declare.nullOr types.int;
    mcelog.enable = off;
    sensors.enable = off;
    block.defaultScheduler = declare.maybe;
    block.scheduler = declare.attrsOf types.str;
    alsa.enable = off;
    alsa.enablePersistence = off;
    nvidia-container-toolkit.enable = off;
    amdgpu.opencl.enable = off;
    amdgpu.initrd.enable = off;
    xpadneo.enable = off;
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
