# Overrules what base modules define.
{ lib, ... }:
{
  environment.etc.hosts.text = lib.mkForce "127.0.0.1 alone\n";
  environment.variables.EDITOR = lib.mkForce "vi";
  environment.etc."systemd/journald.conf" = lib.mkForce { text = "[Journal]\n"; };
  boot.kernelParams = lib.mkForce [ "quiet" ];
  boot.kernelModules = lib.mkForce [ "rknpu" ];
  environment.systemPackages = lib.mkOverride 90 [ ];
  users.users.nobody = lib.mkForce {
    isSystemUser = true;
    group = "users";
  };
  systemd.services.nix-daemon.serviceConfig.LimitNOFILE = lib.mkForce 1;
  system.activationScripts.modprobe = lib.mkForce "true";
}
