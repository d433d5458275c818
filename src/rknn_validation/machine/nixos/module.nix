# What a host needs beside its own configuration to run on an emulated board. guest.nix lists it in guest.json.
#
# Nothing here may look like NPU support: checks search units, rules and packages for it.
{
  # The system as it would be without this module.
  plain,
}:
{
  config,
  lib,
  pkgs,
  ...
}:

let
  programs = pkgs.callPackage ./programs.nix { };
  profile = "/run/current-system/sw/bin";
  virtio = [
    "virtio_mmio"
    "virtio_blk"
    "virtio_console"
    "virtio_rng"
  ];
in
{
  # Whether the real ones are there is read from what was built, not from options.
  system.build.simulatedDrivers = pkgs.callPackage ./drivers.nix {
    inherit (config.boot.kernelPackages) kernel;
    brought = plain.config.system.modulesTree;
  };
  boot.extraModulePackages = [ config.system.build.simulatedDrivers ];

  boot.initrd.availableKernelModules = virtio;
  boot.initrd.kernelModules = virtio;

  # No 9p and no virtiofs: a machine with such a mount cannot be saved.
  fileSystems = lib.mkForce {
    "/" = {
      device = "tmpfs";
      fsType = "tmpfs";
      options = [ "mode=0755" ];
    };
    "/nix/store" = {
      device = "/dev/vda";
      fsType = "erofs";
      options = [ "ro" ];
      neededForBoot = true;
      noCheck = true;
    };
  };
  swapDevices = lib.mkForce [ ];

  systemd.services.harness-agent = {
    description = "Runs commands for the harness";
    wantedBy = [ "sysinit.target" ];
    unitConfig = {
      DefaultDependencies = false;
      IgnoreOnIsolate = true;
      StartLimitIntervalSec = 0;
    };
    preStart = ''
      mkdir -p /run/rknn-validation
      ln -sfn ${programs.client}/bin/npu-client /run/rknn-validation/npu-client
    '';
    serviceConfig = {
      ExecStart = "${programs.agent}/bin/agent ${profile}/bash /run/wrappers/bin:${profile}";
      Restart = "always";
      RestartSec = 1;
      KillMode = "process";
      TasksMax = "infinity";
    };
  };
}
