# What follows from the options of a unit: its name, and the definitions of its sections that they amount to.
{
  lib,
  pkgs,
  config,
}:
let
  nixos = config;
  units = import ./units.nix { inherit lib pkgs config; };
  options = import ./options.nix;
  inherit (import ../utils.nix { inherit config lib pkgs; }) escapeSystemdPath;

  relations = {
    requires = "Requires";
    wants = "Wants";
    upholds = "Upholds";
    after = "After";
    before = "Before";
    bindsTo = "BindsTo";
    partOf = "PartOf";
    conflicts = "Conflicts";
    requisite = "Requisite";
    documentation = "Documentation";
    onFailure = "OnFailure";
    onSuccess = "OnSuccess";
  };
  triggers =
    key: name: list:
    lib.optionalAttrs (list != [ ]) {
      ${key} = "${pkgs.writeText "${key}-${name}" (
        toString (map (one: if builtins.isPath one then "${one}" else one) (lib.flatten list))
      )}";
    };
  # The [Unit] section.
  unitSection =
    name: unit: options:
    lib.mapAttrs' (option: key: lib.nameValuePair key (toString unit.${option})) (
      lib.filterAttrs (option: _: unit.${option} != [ ]) relations
    )
    // triggers "X-Restart-Triggers" name (unit.restartTriggers or [ ])
    // triggers "X-Reload-Triggers" name (unit.reloadTriggers or [ ])
    // lib.optionalAttrs (unit.description != "") { Description = unit.description; }
    // lib.optionalAttrs options.startLimitIntervalSec.isDefined {
      StartLimitIntervalSec = toString unit.startLimitIntervalSec;
    }
    // lib.optionalAttrs options.startLimitBurst.isDefined {
      StartLimitBurst = toString unit.startLimitBurst;
    };

  # A unit that is named by its attribute.
  named =
    suffix:
    {
      name,
      config,
      options,
      ...
    }:
    {
      config = {
        name = "${name}.${suffix}";
        unitConfig = unitSection name config options;
      };
    };
  # A unit that is named by the path it mounts.
  mounted =
    suffix: section:
    { config, options, ... }:
    {
      config = {
        name = "${escapeSystemdPath config.where}.${suffix}";
        unitConfig = unitSection config.where config options;
      }
      // section config;
    };

  service =
    { name, config, ... }:
    let
      script =
        what: text:
        units.makeJobScript {
          name = "${name}-${what}";
          inherit text;
          inherit (config) enableStrictShellChecks;
        };
    in
    {
      config = {
        # Shell text becomes an Exec line that names a script.
        serviceConfig = {
          ExecStartPre = lib.mkIf (config.preStart != "") [ (script "pre-start" config.preStart) ];
          ExecStart = lib.mkIf (config.script != "") "${script "start" config.script} ${config.scriptArgs}";
          ExecStartPost = lib.mkIf (config.postStart != "") [ (script "post-start" config.postStart) ];
          ExecReload = lib.mkIf (config.reload != "") (script "reload" config.reload);
          ExecStop = lib.mkIf (config.preStop != "") (script "pre-stop" config.preStop);
          ExecStopPost = lib.mkIf (config.postStop != "") (script "post-stop" config.postStop);
        };
        enableStrictShellChecks = lib.mkOptionDefault nixos.systemd.enableStrictShellChecks;
        # Services of the initial ramdisk have no default path.
        path = lib.mkIf (config.enableDefaultPath or false) (
          lib.mkAfter [
            pkgs.coreutils
            pkgs.findutils
            pkgs.gnugrep
            pkgs.gnused
            nixos.systemd.package
          ]
        );
        environment.PATH = lib.mkIf (
          config.path != [ ]
        ) "${lib.makeBinPath config.path}:${lib.makeSearchPathOutput "bin" "sbin" config.path}";
      };
    };
  mount = mounted "mount" (unit: {
    mountConfig = {
      What = unit.what;
      Where = unit.where;
    }
    // lib.optionalAttrs (unit.type != "") { Type = unit.type; }
    // lib.optionalAttrs (unit.options != "") { Options = unit.options; };
  });
  automount = mounted "automount" (unit: {
    automountConfig.Where = unit.where;
  });

  ofStage = lib.mapAttrs (
    kind: declared:
    [ declared ]
    ++ (
      {
        service = [
          (named "service")
          service
        ];
        mount = [ mount ];
        automount = [ automount ];
      }
      .${kind} or [ (named kind) ]
    )
  );
in
{
  stage1 = ofStage options.stage1;
  stage2 = ofStage options.stage2;
}
