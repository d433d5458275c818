{ pkgs, ... }:

{
  boot.kernelPackages = pkgs.linuxPackages-rt_latest;
  services.udev.extraRules = ''
    SUBSYSTEM=="drm", KERNEL=="renderD*", ENV{ID_PATH}=="platform-fdab0000.npu", GROUP="render", MODE="0660"
  '';
}
