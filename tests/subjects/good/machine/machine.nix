# One machine of somebody's, in one file: a web server, a database, a media server, people, and the NPU's driver.
# Who opens the NPU, and how, is for the one who imports it.
{
  config,
  lib,
  pkgs,
  ...
}:

{
  networking.hostName = "attic";
  nixpkgs.config.allowUnfreePredicate = package: lib.getName package == "librknnrt";

  boot.extraModulePackages = [ (config.boot.kernelPackages.callPackage ./packages/driver.nix { }) ];
  hardware.deviceTree = {
    enable = true;
    name = "rockchip/rk3588-orangepi-5-plus.dtb";
    overlays = [
      {
        name = "rknpu";
        dtsText = builtins.readFile ./rknpu.dts;
      }
    ];
  };

  # Disks, sticks and the GPU; some of it is sloppy, and none of it is about the NPU.
  services.udev.extraRules = ''
    SUBSYSTEM=="usb", ATTRS{idVendor}=="1d6b", TAG+="uaccess"
    SUBSYSTEM=="block", KERNEL=="sd*", ENV{ID_PATH}=="pci-0000:01:00.0-*", SYMLINK+="backup"
    SUBSYSTEM=="drm", KERNEL=="renderD*", DRIVERS=="panthor", GROUP="render", MODE="0664"
    KERNEL=="hidraw*", MODE="0666"
    KERNEL=="ttyUSB*", GROUP="no-such-group", MODE=0660
    ACTION=="add", SUBSYSTEM=="input", RUN+="/bin/sh -c 'true'"
  '';

  users.groups.npu = { };
  users.groups.media.gid = 2000;
  users.users.alice = {
    isNormalUser = true;
    extraGroups = [
      "wheel"
      "docker"
      "video"
      "input"
    ];
  };
  users.users.media = {
    isSystemUser = true;
    group = "media";
    extraGroups = [
      "video"
      "render"
    ];
  };

  systemd.services = {
    web = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig = {
        DynamicUser = true;
        PrivateDevices = true;
        ExecStart = "${pkgs.python3}/bin/python3 -m http.server";
      };
    };
    # Started by hand, by an input device's button.
    backup = {
      serviceConfig.Type = "oneshot";
      script = "rsync --input-from /srv /mnt/backup";
    };
    media = {
      wantedBy = [ "multi-user.target" ];
      after = [ "network-online.target" ];
      serviceConfig = {
        User = "media";
        DeviceAllow = [ "/dev/dri rw" ];
        ExecStart = "${pkgs.coreutils}/bin/sleep infinity";
      };
    };
  };
  systemd.timers.web-restart = {
    wantedBy = [ "timers.target" ];
    timerConfig.OnCalendar = "daily";
  };
  systemd.tmpfiles.rules = [
    "d /srv/media 0775 media media -"
    "Z /var/cache/media 0755 media media -"
    "a line that nobody can read"
    "R /home"
  ];
  virtualisation.oci-containers.backend = "podman";
  virtualisation.oci-containers.containers.database = {
    image = "docker.io/library/postgres:16";
    volumes = [ "/var/lib/postgres:/var/lib/postgresql/data" ];
  };
  environment.etc."motd-of-the-house".text = "Mind the cat.";

  # Nobody would be proud of these, and none of them is about the NPU either.
  systemd.services.printer = {
    after = [ "default.service.target" ];
    serviceConfig = {
      Typ = "oneshot";
      User = "nobody-made-me";
      ExecStart = "lpd --input-tray=1";
      ExecStop = "true && false";
    };
  };
  systemd.services.scanner.script = "if true; then echo never finished";
  systemd.user.services.tray.serviceConfig.ExecStart = "tray";
  environment.etc."profile.d/prompt.sh".text = "PS1='> '";
  environment.interactiveShellInit = "export LIBRARY_PATHS=/srv/lib";
  virtualisation.oci-containers.containers.player = {
    image = "docker.io/library/player:1-rkt";
    extraOptions = [ "--device=/dev/dri/renderD128" ];
  };
}
