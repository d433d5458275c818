{ lib, ... }:
{
  boot.initrd.kernelModules = [ "i915" ];
  boot.kernelModules = [ "coretemp" ];
  boot.kernelParams = [ "i915.enable_psr=0" ];
  hardware.graphics.enable = true;
  hardware.graphics.enable32Bit = true;
  services.fstrim.enable = lib.mkDefault true;
}
