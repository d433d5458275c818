# The same module for the mainline stack: accel0, a kernel that has rocket, and Mesa's Teflon.
changed:
import ./module.nix (
  {
    device =
      { cfg, pkgs, ... }:
      {
        services.udev.packages = [
          (pkgs.writeTextDir "lib/udev/rules.d/70-npu.rules" ''
            SUBSYSTEM=="accel", KERNEL=="accel*", GROUP="${cfg.group}", MODE="${cfg.mode}"
          '')
        ];
        users.groups.${cfg.group} = { };
      };
    driver =
      { lib, pkgs, ... }:
      {
        boot.kernelPackages = lib.mkDefault pkgs.linuxPackages_6_18;
      };
    library = _: { hardware.graphics.enable = true; };
    python = _: { };
  }
  // changed
)
