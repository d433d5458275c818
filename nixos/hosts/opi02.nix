# Orange Pi 5 Plus with the mainline stack: rocket and Mesa's Teflon in place of the vendor's.
{
  imports = [
    ../profiles/hw-orangepi5plus.nix
    ../profiles/role-k3s-worker.nix
  ];

  hardware.rknn.stack = "mainline";
}
