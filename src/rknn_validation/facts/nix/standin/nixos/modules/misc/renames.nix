# Options by their old names, and options that are gone, as far as configurations still set them.
{ lib, ... }:
let
  renamed = lib.mkRenamedOptionModule;
  removed = lib.mkRemovedOptionModule;
in
{
  imports = [
    (renamed [ "boot" "cleanTmpDir" ] [ "boot" "tmp" "cleanOnBoot" ])
    (renamed [ "boot" "tmpOnTmpfs" ] [ "boot" "tmp" "useTmpfs" ])
    (renamed [ "boot" "tmpOnTmpfsSize" ] [ "boot" "tmp" "tmpfsSize" ])
    (renamed [ "i18n" "consoleFont" ] [ "console" "font" ])
    (renamed [ "i18n" "consoleKeyMap" ] [ "console" "keyMap" ])
    (removed [
      "environment"
      "noXlibs"
    ] "It often caused surprising breakages for new users; use overlays instead.")
    (removed [
      "boot"
      "loader"
      "raspberryPi"
    ] "Use boot.loader.generic-extlinux-compatible instead.")
    (removed [ "sound" ] "It can be removed from most configurations.")
  ];
}
