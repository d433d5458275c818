{ lib, ... }:
{
  imports = [
    (import ../_good/module.nix {
      moreOptions = { lib, pkgs, ... }: {
        kernelPackages = lib.mkOption {
          type = lib.types.raw;
          default = pkgs.linuxPackages_6_12;
          description = "The kernel's package set.";
        };
      };
      more = { cfg, ... }: { boot.kernelPackages = cfg.kernelPackages; };
    })
    (lib.mkRenamedOptionModule [ "hardware" "oldNpu" "enable" ] [ "services" "npu" "enable" ])
    (lib.mkRemovedOptionModule [ "services" "npu" "driverVersion" ] "The kernel decides.")
  ];
}
