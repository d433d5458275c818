# What a unit's options are rendered to: the text of its file, and the scripts it runs.
{
  lib,
  pkgs,
  config,
}:
let
  inherit (lib) concatMapStrings optionalString;
in
import ./values.nix { inherit lib; }
// rec {
  mkPathSafeName = lib.replaceStrings [ "@" ":" "\\" "[" "]" ] [ "-" "-" "-" "" "" ];
  shellEscape = lib.replaceStrings [ "\\" ] [ "\\\\" ];

  # The path of a unit's shell script, for its Exec line.
  makeJobScript =
    {
      name,
      text,
      enableStrictShellChecks ? false,
    }:
    let
      scriptName = lib.replaceStrings [ "\\" "@" ] [ "-" "_" ] (shellEscape name);
      script =
        if enableStrictShellChecks then
          pkgs.writeShellApplication {
            name = scriptName;
            inherit text;
          }
        else
          pkgs.writeShellScriptBin scriptName "set -e\n\n${text}\n";
    in
    "${script}/bin/${scriptName}";

  toOption =
    value:
    if value == true then
      "true"
    else if value == false then
      "false"
    else
      toString value;
  attrsToSection =
    section:
    lib.concatStrings (
      lib.concatLists (
        lib.mapAttrsToList (
          name: value: map (one: "${name}=${toOption one}\n") (if lib.isList value then value else [ value ])
        ) section
      )
    );

  environmentLines =
    environment:
    concatMapStrings (
      name:
      optionalString (environment.${name} != null) "Environment=${builtins.toJSON "${name}=${environment.${name}}"}\n"
    ) (lib.attrNames environment);

  # The text of a unit file: [Unit], the section of its kind, and [Install].
  unitText =
    unit: section: body:
    "[Unit]\n${attrsToSection unit.unitConfig}\n"
    + optionalString (section != null) "[${section}]\n${body}"
    + optionalString (section != null && unit.wantedBy != [ ]) "\n[Install]\nWantedBy=${lib.concatStringsSep " " unit.wantedBy}\n";

  toUnit = text: unit: {
    inherit (unit)
      name
      aliases
      wantedBy
      requiredBy
      upheldBy
      enable
      overrideStrategy
      ;
    inherit text;
  };
  serviceToUnit =
    unit:
    toUnit (unitText unit "Service" (
      environmentLines (config.systemd.globalEnvironment // unit.environment)
      + (
        if unit.reloadIfChanged or false then
          "X-ReloadIfChanged=true\n"
        else
          optionalString (!unit.restartIfChanged or true) "X-RestartIfChanged=false\n"
      )
      + optionalString (!unit.stopIfChanged or true) "X-StopIfChanged=false\n"
      + optionalString (unit.notSocketActivated or false) "X-NotSocketActivated=true\n"
      + attrsToSection unit.serviceConfig
    )) unit;
  socketToUnit =
    unit:
    toUnit (unitText unit "Socket" (
      attrsToSection unit.socketConfig
      + concatMapStrings (stream: "ListenStream=${stream}\n") unit.listenStreams
      + concatMapStrings (datagram: "ListenDatagram=${datagram}\n") unit.listenDatagrams
    )) unit;
  targetToUnit = unit: toUnit (unitText unit null "") unit;
  sectionToUnit =
    section: field: unit:
    toUnit (unitText unit section (attrsToSection unit.${field})) unit;
  timerToUnit = sectionToUnit "Timer" "timerConfig";
  pathToUnit = sectionToUnit "Path" "pathConfig";
  mountToUnit = sectionToUnit "Mount" "mountConfig";
  automountToUnit = sectionToUnit "Automount" "automountConfig";
  sliceToUnit = sectionToUnit "Slice" "sliceConfig";

  makeUnit =
    name: unit:
    if unit.enable then
      pkgs.writeTextDir name (if unit.text == null then "" else unit.text)
    else
      pkgs.runCommand "unit-${mkPathSafeName name}-disabled" { } "ln -s /dev/null $out";
}
