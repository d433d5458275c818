# The programs of the system: environment.systemPackages, linked in one directory, and /bin/sh.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.environment;
  inherit (lib) mkOption types;
  declare = import ../../lib/declare.nix { inherit lib; };
  lower = package: lib.setPrio ((package.meta.priority or 5) + 3) package;
in
{
  options = {
    environment = {
      systemPackages = declare.packages;
      corePackages = declare.packages;
      defaultPackages = declare.of (types.listOf types.package) (
        map lower [
          pkgs.perl
          pkgs.rsync
          pkgs.strace
        ]
      );
      pathsToLink = declare.strings;
      extraOutputsToInstall = declare.strings;
      extraSetup = declare.lines;
      binsh = declare.of types.path "${config.system.build.binsh}/bin/sh";
    };
    # /run/current-system/sw.
    system.path = mkOption {
      internal = true;
      type = types.unspecified;
    };
  };
  config = {
    system.build.binsh = pkgs.bashInteractive;
    system.path = pkgs.buildEnv {
      name = "system-path";
      paths = cfg.systemPackages;
      inherit (cfg) pathsToLink extraOutputsToInstall;
      ignoreCollisions = true;
      postBuild = cfg.extraSetup;
    };
    environment = {
      # On every NixOS machine.
      corePackages = map lower [
        pkgs.acl
        pkgs.bashInteractive
        pkgs.coreutils-full
        pkgs.curl
        pkgs.diffutils
        pkgs.findutils
        pkgs.gawk
        pkgs.gnugrep
        pkgs.gnused
        pkgs.gnutar
        pkgs.gzip
        pkgs.less
        pkgs.procps
        pkgs.util-linux
        pkgs.which
        pkgs.xz
        pkgs.zstd
      ];
      systemPackages = cfg.corePackages ++ cfg.defaultPackages ++ [ config.systemd.package ];
      pathsToLink = [
        "/bin"
        "/etc/xdg"
        "/etc/gtk-2.0"
        "/etc/gtk-3.0"
        "/lib"
        "/lib/gtk-2.0"
        "/lib/gtk-3.0"
        "/lib/gtk-4.0"
        "/sbin"
        "/share/emacs"
        "/share/hunspell"
        "/share/org"
        "/share/themes"
        "/share/vulkan"
        "/share/kservices5"
        "/share/kservicetypes5"
        "/share/kxmlgui5"
        "/share/systemd"
        "/share/thumbnailers"
      ];
    };
  };
}
