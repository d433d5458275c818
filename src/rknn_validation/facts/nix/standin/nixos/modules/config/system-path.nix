# environment.systemPackages, and what of it is linked.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.environment;
  inherit (lib) types;
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
      unixODBCDrivers = declare.packages;
      enableAllTerminfo = declare.off;
      wordlist.enable = declare.off;
    };
    system.fsPackages = declare.packages;
  };
  config = {
    environment = {
      # What a shell on every NixOS machine finds.
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
