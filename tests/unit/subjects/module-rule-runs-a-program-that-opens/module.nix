import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    services.udev.extraRules = ''
      SUBSYSTEM=="misc", KERNEL=="rknpu", RUN+="${pkgs.coreutils}/bin/chmod a+rw $env{DEVNAME}"
    '';
  };
}
