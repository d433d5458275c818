# Definitions under conditions: those that never hold, those the machine decides, and those of single values.
{ config, lib, pkgs, ... }:
{
  # Which options there are is asked before anything is defined.
  imports = [ (lib.mkRenamedOptionModule [ "hardware" "before" ] [ "environment" "homeBinInPath" ]) ];
  config = lib.mkMerge [
    (lib.mkIf false {
      boot.kernelModules = [ "never" ];
      environment.sessionVariables.NEVER = "1";
      environment.etc.never.text = "never";
      hardware.graphics.enable = true;
      services.udev.extraRules = "never";
      system.activationScripts.never = "never";
      systemd.services.never.script = "never";
      systemd.tmpfiles.rules = [ "L /never - - - - /never" ];
      users.groups.never = { };
    })
    (lib.mkIf config.boot.isContainer {
      boot.blacklistedKernelModules = [ "container" ];
      environment.sessionVariables.CONTAINER = "1";
      hardware.graphics.enable = true;
      systemd.services.container.script = "true";
    })
    # What is declared where the kernel is read, and a condition on the kernel.
    (lib.mkIf (config.hardware.deviceTree.name == null) { boot.kernelPackages = pkgs.linuxPackages_latest; })
    {
      boot.kernelModules = lib.mkMerge [
        (lib.mkIf (config.networking.hostName == "other") [ "named" ])
        (lib.mkIf false [ "never" ])
      ];
      environment.variables = lib.mkIf (config.networking.hostName == "other") { BESIDE = lib.mkForce "2"; };
      services.udev.extraRules = lib.mkIf (config.users.groups ? render) "# there are such files";
      systemd.services.always = lib.mkIf (!config.boot.isContainer) { script = "true"; };
    }
  ];
}
