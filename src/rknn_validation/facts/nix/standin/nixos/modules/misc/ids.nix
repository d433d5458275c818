# Numbers that NixOS hands out for good; the ones that matter for devices and the base system.
{ lib, ... }:
{
  options.ids = {
    uids = lib.mkOption {
      internal = true;
      type = lib.types.attrsOf lib.types.int;
      default = { };
    };
    gids = lib.mkOption {
      internal = true;
      type = lib.types.attrsOf lib.types.int;
      default = { };
    };
  };
  config.ids.uids = {
    root = 0;
    messagebus = 4;
    haldaemon = 5;
    nixbld = 30000;
    nobody = 65534;
    systemd-network = 152;
    systemd-resolve = 153;
    systemd-timesync = 154;
  };
  config.ids.gids = {
    root = 0;
    wheel = 1;
    kmem = 2;
    tty = 3;
    messagebus = 4;
    disk = 6;
    floppy = 18;
    uucp = 19;
    lp = 20;
    cdrom = 24;
    tape = 25;
    audio = 17;
    video = 26;
    dialout = 27;
    utmp = 29;
    adm = 55;
    users = 100;
    docker = 131;
    networkmanager = 57;
    input = 174;
    systemd-network = 152;
    systemd-resolve = 153;
    systemd-timesync = 154;
    systemd-journal = 62;
    keys = 96;
    kvm = 302;
    render = 303;
    sgx = 304;
    shadow = 318;
    podman = 319;
    nixbld = 30000;
    nogroup = 65534;
  };
}
