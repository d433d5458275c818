# /run/opengl-driver: the graphics stack that programs find there.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.hardware.graphics;
  inherit (lib) mkOption types;
  declare = import ../../lib/declare.nix { inherit lib; };

  old = name: [
    "hardware"
    "opengl"
    name
  ];
  renamed =
    from: to:
    lib.mkRenamedOptionModule (old from) [
      "hardware"
      "graphics"
      to
    ];
  # NixOS defines it with mkDefault and not by a default, so another mkDefault conflicts.
  drivers = mkOption {
    type = types.package;
    internal = true;
  };
  together =
    name: package: extra:
    pkgs.buildEnv {
      inherit name;
      paths = [ package ] ++ extra;
    };
in
{
  imports = [
    (lib.mkRemovedOptionModule (old "s3tcSupport") "S3TC support is now always enabled in Mesa.")
    (lib.mkRemovedOptionModule (old "driSupport") "The setting can be removed.")
    (lib.mkRemovedOptionModule (old "setLdLibraryPath") "The setting can be removed.")
    (renamed "driSupport32Bit" "enable32Bit")
    (renamed "enable" "enable")
    (renamed "extraPackages" "extraPackages")
    (renamed "extraPackages32" "extraPackages32")
    (renamed "package" "package")
    (renamed "package32" "package32")
  ];

  options.hardware.graphics = {
    enable = declare.off;
    enable32Bit = declare.off;
    package = drivers;
    package32 = drivers;
    extraPackages = declare.packages;
    extraPackages32 = declare.packages;
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = cfg.enable32Bit -> pkgs.stdenv.hostPlatform.isx86_64;
        message = "`hardware.graphics.enable32Bit` is only supported on an x86_64 system.";
      }
    ];
    systemd.tmpfiles.settings.graphics-driver = {
      "/run/opengl-driver"."L+".argument = toString (
        together "graphics-drivers" cfg.package cfg.extraPackages
      );
      "/run/opengl-driver-32" =
        if cfg.enable32Bit then
          {
            "L+".argument = toString (together "graphics-drivers-32bit" cfg.package32 cfg.extraPackages32);
          }
        else
          { r = { }; };
    };
    hardware.graphics.package = lib.mkDefault pkgs.mesa;
    hardware.graphics.package32 = lib.mkDefault pkgs.pkgsi686Linux.mesa;
  };
}
