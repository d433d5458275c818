# Changes values that base modules read.
{ lib, pkgs, ... }:
{
  networking.hostName = lib.mkDefault "board";
  boot.isContainer = true;
  nix.enable = false;
  hardware.deviceTree.enable = lib.mkForce false;
  systemd.package = pkgs.hello;
  users.defaultUserShell = pkgs.zsh;
  users.users.admin = {
    isNormalUser = true;
    extraGroups = [
      "wheel"
      "video"
    ];
    packages = [ pkgs.hello ];
  };
  environment.binsh = "/bin/dash";
  environment.shells = [ pkgs.zsh ];
  environment.homeBinInPath = true;
  i18n.extraLocaleSettings.LC_TIME = "de_DE.UTF-8";
  time.timeZone = "Europe/Berlin";
}
