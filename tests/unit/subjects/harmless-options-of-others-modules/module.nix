{ pkgs, ... }:

{
  boot.kernelPackages = pkgs.linuxPackages_latest;
  hardware.graphics.enable = true;
  home-manager.users.alice.programs.git.enable = true;
  sops.age.keyFile = "/var/lib/age.txt";
  stylix.enable = true;
  services.jellyfin.enable = true;
}
