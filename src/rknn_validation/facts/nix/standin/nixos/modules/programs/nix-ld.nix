# nix-ld: a loader for programs not made for NixOS.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.programs.nix-ld;
  declare = import ../../lib/declare.nix { inherit lib; };
in
{
  options.programs.nix-ld = {
    enable = declare.off;
    package = declare.package pkgs.nix-ld;
    libraries = declare.packages;
  };
  config = lib.mkIf cfg.enable {
    environment.ldso = "${cfg.package}/libexec/nix-ld";
    environment.systemPackages = [
      (pkgs.buildEnv {
        name = "ld-library-path";
        pathsToLink = [ "/lib" ];
        paths = map lib.getLib cfg.libraries;
        extraPrefix = "/share/nix-ld";
        ignoreCollisions = true;
      })
    ];
    environment.pathsToLink = [ "/share/nix-ld" ];
    environment.variables = {
      NIX_LD = "/run/current-system/sw/share/nix-ld/lib/ld.so";
      NIX_LD_LIBRARY_PATH = "/run/current-system/sw/share/nix-ld/lib";
    };
    programs.nix-ld.libraries = [
      pkgs.zlib
      pkgs.zstd
      pkgs.stdenv.cc.cc
      pkgs.curl
      pkgs.openssl
      pkgs.attr
      pkgs.libssh
      pkgs.bzip2
      pkgs.libxml2
      pkgs.acl
      pkgs.libsodium
      pkgs.util-linux
      pkgs.xz
      pkgs.systemd
    ];
  };
}
