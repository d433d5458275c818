import ../_good/module.nix {
  more = _: {
    boot.kernelModules = [ "rknpu" ];
    boot.blacklistedKernelModules = [ "rocket" ];
    boot.extraModprobeConfig = "options rknpu bypass_irq_handler=0";
  };
}
