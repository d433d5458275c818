# Every node of the fleet: reachable over SSH, and deployed from another machine.
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
  # Deployment and acceptance tests log in as root with these keys.
  users.users.root.openssh.authorizedKeys.keyFiles = [ ../hosts/authorized_keys ];

  nix.settings.experimental-features = [
    "nix-command"
    "flakes"
  ];
  nix.gc = {
    automatic = true;
    dates = "weekly";
    # Keeps the generations of the last month, so that a node can be rolled back.
    options = "--delete-older-than 30d";
  };

  # Only these, so that another unfree licence is noticed.
  nixpkgs.config.allowUnfreePredicate =
    package:
    lib.elem (lib.getName package) [
      "rknn-runtime"
      "rknn-toolkit-lite2"
    ];

  system.stateVersion = "26.05";
}
