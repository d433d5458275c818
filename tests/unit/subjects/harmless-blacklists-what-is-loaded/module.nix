import ../_good/module.nix {
  more = { lib, ... }: {
    boot.blacklistedKernelModules = [ "rocket" ];
    boot.kernelModules = [ "rknpu" ];
    services.udev.extraRules = lib.mkBefore ''
      SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="render", MODE="0660"
    '';
  };
}
