# systemd-tmpfiles: lines as they are written, and rules as settings.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.systemd.tmpfiles;
  inherit (lib) types;
  declare = import ../../lib/declare.nix { inherit lib; };

  rule =
    { name, ... }:
    {
      options = {
        type = declare.str name;
        mode = declare.str "-";
        user = declare.str "-";
        group = declare.str "-";
        age = declare.str "-";
        argument = declare.str "";
      };
    };
  settings = types.attrsOf (types.attrsOf (types.attrsOf (types.submodule rule)));
  argument = lib.strings.escapeC [
    "\t"
    "\n"
    "\r"
    " "
    "\\"
  ];
  line =
    path: one:
    "'${one.type}' '${path}' '${one.mode}' '${one.user}' '${one.group}' '${one.age}' ${argument one.argument}\n";
  text =
    paths:
    lib.concatStrings (
      lib.concatLists (lib.mapAttrsToList (path: lib.mapAttrsToList (_: line path)) paths)
    );
in
{
  options.systemd = {
    tmpfiles = {
      rules = declare.strings;
      settings = declare.of settings { };
      packages = lib.mkOption {
        type = types.listOf types.package;
        default = [ ];
        apply = map lib.getLib;
      };
    };
    user.tmpfiles = {
      rules = declare.strings;
      users = declare.namedBy { options.rules = declare.strings; };
    };
  };

  config = {
    systemd.tmpfiles.packages = [
      (pkgs.runCommand "systemd-default-tmpfiles" { } "tmpfiles")
      (pkgs.writeTextFile {
        name = "nixos-tmpfiles.d";
        destination = "/lib/tmpfiles.d/00-nixos.conf";
        text = ''
          # This file is created automatically and should not be modified.
          # Please change the option ‘systemd.tmpfiles.rules’ instead.

          ${lib.concatStringsSep "\n" cfg.rules}
        '';
      })
    ]
    ++ lib.mapAttrsToList (name: paths: pkgs.writeTextDir "lib/tmpfiles.d/${name}.conf" (text paths)) cfg.settings;

    systemd.tmpfiles.rules = [
      "d  /run/lock                          0755 root root - -"
      "d  /var/db                            0755 root root - -"
      "L  /var/lock                          -    -    -    - ../run/lock"
      "R! /etc/group.lock                    -    -    -    - -"
      "R! /etc/passwd.lock                   -    -    -    - -"
      "R! /etc/shadow.lock                   -    -    -    - -"
    ];
    environment.etc."tmpfiles.d".source = pkgs.symlinkJoin {
      name = "tmpfiles.d";
      paths = map (package: package + "/lib/tmpfiles.d") cfg.packages;
    };
  };
}
