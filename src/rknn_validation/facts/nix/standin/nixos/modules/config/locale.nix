# Language, time, place and console.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) types;
  declare = import ../../lib/declare.nix { inherit lib; };
  cfg = config.i18n;
in
{
  options = {
    i18n = {
      defaultLocale = declare.str "en_US.UTF-8";
      extraLocaleSettings = declare.attrsOf types.str;
      extraLocales = declare.either (types.listOf types.str) (types.enum [ "all" ]) [ ];
      glibcLocales = declare.of types.path pkgs.glibcLocales;
    };
    time.timeZone = declare.nullOr (types.strMatching "[^ ]*");
    location = {
      latitude = declare.required types.float;
      longitude = declare.required types.float;
    };
    console = {
      font = declare.nullOr (types.either types.str types.path);
      keyMap = declare.either types.str types.path "us";
      colors = declare.listOf (types.strMatching "[[:xdigit:]]{6}");
    };
  };

  config = {
    environment.sessionVariables = {
      LANG = cfg.defaultLocale;
      LOCALE_ARCHIVE = "/run/current-system/sw/lib/locale/locale-archive";
      TZDIR = "/etc/zoneinfo";
    }
    // cfg.extraLocaleSettings;
    systemd.globalEnvironment = {
      LOCALE_ARCHIVE = "${cfg.glibcLocales}/lib/locale/locale-archive";
      TZDIR = "${pkgs.tzdata}/share/zoneinfo";
    };
    environment.etc = {
      "locale.conf".text = "LANG=${cfg.defaultLocale}\n";
      zoneinfo.source = "${pkgs.tzdata}/share/zoneinfo";
      localtime = lib.mkIf (config.time.timeZone != null) {
        source = "/etc/zoneinfo/${config.time.timeZone}";
        mode = "direct-symlink";
      };
    };
  };
}
