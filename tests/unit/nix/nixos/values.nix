# Values of small configurations, which the tests beside this file check.
{ standin }:
let
  configuration =
    modules:
    import (standin + "/nixos/lib/eval-config.nix") {
      system = "aarch64-linux";
      inherit modules;
    };
  of = modules: (configuration modules).config;
  service = value: (of [ { systemd.services.npu = value; } ]);
  failed = config: map (one: one.message) (builtins.filter (one: !one.assertion) config.assertions);
in
{
  bare =
    let
      config = of [ ];
    in
    {
      gids = builtins.mapAttrs (_: group: group.gid) { inherit (config.users.groups) render video root; };
      users = builtins.attrNames config.users.users;
      variables = builtins.attrNames config.environment.variables;
      failed = failed config;
      inherit (config) warnings;
      modules = config.environment.etc."modules-load.d/nixos.conf".source.text;
      deviceTree = config.hardware.deviceTree.enable;
    };

  listsOfVariables =
    let
      config = of [
        { environment.variables.LD_LIBRARY_PATH = [ "/from/variables" ]; }
        { environment.variables.LD_LIBRARY_PATH = [ "/from/another" ]; }
        { environment.variables.NUMBER = 3; }
        { environment.variables.GONE = null; }
      ];
    in
    {
      inherit (config.environment.variables) LD_LIBRARY_PATH NUMBER;
      gone = config.environment.variables ? GONE;
    };
  sessionVariables =
    let
      config = of [ { environment.sessionVariables.NPU = "rk3588"; } ];
    in
    {
      inherit (config.environment.variables) NPU;
      text = config.environment.etc.set-environment.source.text;
      pam = config.environment.etc."pam/environment".source.text;
    };
  shellsOnly = (of [ { environment.variables.NPU = "rk3588"; } ]).environment.sessionVariables ? NPU;
  extraInit = (of [ { environment.extraInit = "echo hello"; } ]).system.build.setEnvironment.text;

  udev =
    let
      config = of [ { services.udev.extraRules = ''KERNEL=="rknpu", GROUP="render"''; } ];
    in
    {
      inherit (config.services.udev) extraRules;
      files = map (package: package.destination or "") config.services.udev.packages;
      texts = map (package: package.text or "") config.services.udev.packages;
    };

  tmpfiles =
    let
      config = of [
        {
          systemd.tmpfiles.settings."10-npu"."/usr/lib/librknnrt.so"."L+".argument = "/store/lib/librknnrt.so";
          systemd.tmpfiles.settings."10-npu"."/var/lib/npu".d = {
            mode = "0750";
            group = "render";
          };
          systemd.tmpfiles.rules = [ "d /run/npu 0755 root root -" ];
        }
      ];
    in
    map (package: package.text or "") config.systemd.tmpfiles.packages;

  unit =
    let
      config = service {
        description = "NPU";
        wantedBy = [ "multi-user.target" ];
        after = [ "systemd-udevd.service" ];
        environment.LD_LIBRARY_PATH = "/lib-of-npu";
        environment.UNSET = null;
        unitConfig.ConditionFirmware = [
          "|a"
          "|b"
        ];
        serviceConfig.Type = "oneshot";
        serviceConfig.RemainAfterExit = true;
        restartIfChanged = false;
        script = "echo npu";
        preStart = "true";
      };
    in
    {
      inherit (config.systemd.units."npu.service") text wantedBy;
      path = config.systemd.services.npu.environment.PATH;
      start = config.systemd.services.npu.serviceConfig.ExecStart;
      pre = config.systemd.services.npu.serviceConfig.ExecStartPre;
    };
  withoutPath = (service { enableDefaultPath = false; }).systemd.services.npu.environment ? PATH;
  startAt = (service { startAt = "daily"; }).systemd.timers.npu.timerConfig;
  globalEnvironment =
    (of [
      {
        systemd.globalEnvironment.NPU = "1";
        systemd.services.npu.script = "true";
      }
    ]).systemd.units."npu.service".text;
  oneshotRestarted =
    (service {
      script = "true";
      serviceConfig.Type = "oneshot";
      serviceConfig.Restart = "always";
    }).warnings;
  mount =
    (of [
      {
        systemd.mounts = [
          {
            what = "/dev/sda1";
            where = "/var/lib/npu-models";
          }
        ];
      }
    ]).systemd.units;

  activation =
    let
      config = of [
        {
          system.activationScripts.text = "echo text";
          system.activationScripts.late = {
            deps = [ "text" ];
            text = "echo late";
            supportsDryActivation = true;
          };
        }
      ];
    in
    {
      inherit (config.system.activationScripts) text late script;
    };

  opengl =
    let
      config = of [ { hardware.opengl.enable = true; } ];
    in
    {
      inherit (config.hardware.graphics) enable;
      package = config.hardware.graphics.package.pname;
      inherit (config) warnings;
      link = config.systemd.tmpfiles.settings.graphics-driver."/run/opengl-driver"."L+".type;
    };
  removedOption = failed (of [ { hardware.opengl.driSupport = true; } ]);

  deviceTree =
    let
      config = of [
        {
          hardware.deviceTree.name = "rockchip/rk3588-orangepi-5-plus.dtb";
          hardware.deviceTree.overlays = [
            ./values.nix
            {
              name = "npu";
              dtsText = "/dts-v1/;";
            }
          ];
        }
      ];
    in
    map (one: builtins.removeAttrs one [ "dtboFile" ]) config.hardware.deviceTree.overlays;
  emptyOverlay = failed (of [ { hardware.deviceTree.overlays = [ { name = "npu"; } ]; } ]);

  kernel =
    let
      config = of [
        (
          { pkgs, ... }:
          {
            boot.kernelPackages = pkgs.linuxPackages_latest;
            boot.kernelModules = [ "rocket" ];
            boot.blacklistedKernelModules = [ "rknpu" ];
            boot.kernelPatches = [
              {
                name = "npu";
                patch = null;
              }
            ];
          }
        )
        (
          { lib, ... }:
          {
            boot.kernelModules.rocket = true;
            boot.kernelModules.loop = lib.mkForce false;
          }
        )
      ];
    in
    {
      modules = config.boot.kernelModules;
      modprobe = config.environment.etc."modprobe.d/nixos.conf".text;
      patches = map (patch: patch.name) config.boot.kernelPackages.kernel.kernelPatches;
    };

  accounts =
    let
      config = of [
        {
          users.extraUsers.alice = {
            isNormalUser = true;
            extraGroups = [ "render" ];
          };
          users.users.daemon = { };
        }
      ];
    in
    {
      inherit (config.users.users.alice) home group;
      inherit (config.users.groups.render) members;
      failed = failed config;
    };

  settingsOfNixpkgs =
    let
      evaluated = configuration [
        { nixpkgs.config.allowUnfree = (import (standin + "/lib")).mkDefault true; }
        {
          nixpkgs.overlays = [
            (_: prev: {
              added = prev.hello;
            })
          ];
        }
      ];
    in
    {
      inherit (evaluated.pkgs.config) allowUnfree;
      added = evaluated.pkgs.added.pname;
      system = evaluated.pkgs.stdenv.hostPlatform.system;
    };
  severalSettingsOfNixpkgs =
    let
      lib = import (standin + "/lib");
      evaluated = configuration [
        {
          nixpkgs.config = {
            allowUnfree = false;
            nested.a = 1;
            list = [ "first" ];
          };
        }
        {
          nixpkgs.config = {
            allowUnfree = true;
            nested.b = 2;
            list = [ "second" ];
            early = "module";
            late = "module";
          };
        }
        {
          nixpkgs.config = lib.mkOrder 1 {
            allowUnfree = true;
            early = "first of all";
          };
        }
        { nixpkgs.config = lib.mkOrder 10000 { late = "last of all"; }; }
      ];
    in
    {
      inherit (evaluated.config.nixpkgs.config)
        allowUnfree
        nested
        list
        early
        late
        ;
    };
  toplevelRefuses =
    (builtins.tryEval
      (of [
        {
          assertions = [
            {
              assertion = false;
              message = "no";
            }
          ];
        }
      ]).system.build.toplevel.name
    ).success;
  # Every declared option's path; `lib.collect` does not look into options.
  declared =
    let
      lib = import (standin + "/lib");
    in
    map (option: lib.concatStringsSep "." option.loc) (
      lib.collect lib.isOption (builtins.removeAttrs (configuration [ ]).options [ "_module" ])
    );
  escaped = (configuration [ ])._module.args.utils.escapeSystemdPath "/dev/dri/render-D128";
}
