{ pkgs, ... }:

{
  boot.kernelPackages = pkgs.linuxPackages_latest;
  hardware.graphics.enable = true;
  environment.etc."modprobe.d/no-npu.conf".text = ''
    blacklist rocket
  '';
}
