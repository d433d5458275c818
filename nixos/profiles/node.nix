# What every node of the fleet is: reachable over SSH, deployed from elsewhere, its clock right.
{ lib, ... }:

{
  networking.useDHCP = lib.mkDefault true;
  time.timeZone = lib.mkDefault "UTC";

  services.openssh = {
    enable = true;
    settings = {
      PasswordAuthentication = false;
      KbdInteractiveAuthentication = false;
      PermitRootLogin = "prohibit-password";
    };
  };
  # Deployments and acceptance log in as root with these keys.
  users.users.root.openssh.authorizedKeys.keyFiles = [ ../hosts/authorized_keys ];

  nix.settings.experimental-features = [
    "nix-command"
    "flakes"
  ];
  nix.gc = {
    automatic = true;
    dates = "weekly";
    # The generations of the last month stay, so that a node can be rolled back.
    options = "--delete-older-than 30d";
  };

  # Exactly these: a role that allowed everything unfree would hide the next licence.
  nixpkgs.config.allowUnfreePredicate =
    package:
    lib.elem (lib.getName package) [
      "rknn-runtime"
      "rknn-toolkit-lite2"
    ];

  system.stateVersion = "26.05";
}
