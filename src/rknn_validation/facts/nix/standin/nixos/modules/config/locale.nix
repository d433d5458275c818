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
  inherit (declare) off on;
  cfg = config.i18n;
in
{
  options = {
    i18n = {
      defaultLocale = declare.str "en_US.UTF-8";
      defaultCharset = declare.str "UTF-8";
      extraLocaleSettings = declare.attrsOf types.str;
      extraLocales = declare.either (types.listOf types.str) (types.enum [ "all" ]) [ ];
      localeCharsets = declare.attrsOf types.str;
      supportedLocales = declare.of (types.listOf types.str) [
        "C.UTF-8/UTF-8"
        "en_US.UTF-8/UTF-8"
      ];
      glibcLocales = declare.of types.path pkgs.glibcLocales;
      inputMethod = {
        enable = off;
        type = declare.maybe;
        package = declare.nullOr types.package;
        enableGtk2 = off;
        enableGtk3 = off;
      };
    };
    time.timeZone = declare.nullOr (types.strMatching "[^ ]*");
    time.hardwareClockInLocalTime = off;
    location = {
      latitude = declare.required types.float;
      longitude = declare.required types.float;
      provider = declare.enum [
        "manual"
        "geoclue2"
      ] "manual";
    };
    console = {
      enable = on;
      font = declare.nullOr (types.either types.str types.path);
      keyMap = declare.either types.str types.path "us";
      colors = declare.listOf (types.strMatching "[[:xdigit:]]{6}");
      packages = declare.packages;
      useXkbConfig = off;
      earlySetup = off;
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
