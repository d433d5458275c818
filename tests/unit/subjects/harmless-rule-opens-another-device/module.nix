import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    services.udev.extraRules = ''
      SUBSYSTEM=="tty", KERNEL=="ttyUSB*", RUN+="${pkgs.coreutils}/bin/chmod 0666 $env{DEVNAME}"
    '';
  };
}
