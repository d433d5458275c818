# The kernel: its package set, modules, parameters and patches.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.boot;
  inherit (lib) mkOption types;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) off on;
  inherit (cfg.kernelPackages) kernel;

  modulesConf = pkgs.writeText "nixos.conf" "${lib.concatStringsSep "\n" cfg.kernelModules}\n";
  parameter = types.strMatching ''([^"[:space:]]|"[^"]*")+'' // {
    name = "kernelParam";
    description = "string, with spaces inside double quotes";
  };

  # The chosen kernel is rebuilt with the configuration's own patches.
  unchanged = cfg.kernelPatches == [ ] && cfg.kernel.features == { } && cfg.kernel.randstructSeed == "";
  withPatches =
    packages:
    packages.extend (
      _: previous: {
        kernel = previous.kernel.override (original: {
          inherit (cfg.kernel) randstructSeed;
          kernelPatches = (original.kernelPatches or [ ]) ++ cfg.kernelPatches;
          features = lib.recursiveUpdate (original.features or { }) cfg.kernel.features;
        });
      }
    );

  kernelConfig = lib.mapAttrs (
    test: wanted: option: {
      assertion = config: config.${test} option;
      message = "CONFIG_${option} is not ${wanted.word}!";
      configLine = "CONFIG_${option}=${wanted.line}";
    }
  );
in
{
  options = {
    boot = {
      isContainer = off;
      kernel = {
        enable = on;
        features = mkOption {
          internal = true;
          default = { };
        };
        randstructSeed = declare.str "";
      };
      kernelPackages = mkOption {
        type = types.raw;
        default = pkgs.linuxPackages;
        apply = packages: if unchanged then packages else withPatches packages;
      };
      kernelPatches = declare.listOf types.attrs;
      kernelParams = declare.listOf parameter;
      consoleLogLevel = declare.int 4;
      kernelModules = declare.nameSet;
      blacklistedKernelModules = declare.strings;
      extraModprobeConfig = declare.lines;
      modprobeConfig.enable = on;
    };
    system.requiredKernelConfig = declare.listOf types.attrs;
    # The modules of the kernel and of other packages, in one directory.
    system.modulesTree = mkOption {
      type = types.listOf types.path;
      internal = true;
      default = [ ];
      apply = pkgs.aggregateModules;
    };
  };

  config = lib.mkMerge [
    {
      lib.kernelConfig = kernelConfig {
        isYes = {
          word = "yes";
          line = "y";
        };
        isNo = {
          word = "no";
          line = "n";
        };
        isModule = {
          word = "built as a module";
          line = "m";
        };
        isEnabled = {
          word = "enabled";
          line = "y";
        };
        isDisabled = {
          word = "disabled";
          line = "n";
        };
      };
      environment.etc."modprobe.d/nixos.conf" = lib.mkIf cfg.modprobeConfig.enable {
        text = ''
          ${lib.concatMapStrings (name: "blacklist ${name}\n") cfg.blacklistedKernelModules}
          ${cfg.extraModprobeConfig}
        '';
      };
    }
    (lib.mkIf (cfg.kernel.enable && !cfg.isContainer) {
      system.build.kernel = kernel;
      system.modulesTree = [ (lib.getOutput "modules" kernel) ] ++ cfg.extraModulePackages;
      boot.kernelParams = [
        "loglevel=${toString cfg.consoleLogLevel}"
        "lsm=landlock,yama,bpf"
      ];
      boot.kernel.sysctl."kernel.printk" = lib.mkDefault cfg.consoleLogLevel;
      boot.kernelModules = [
        "loop"
        "atkbd"
      ];
      environment.etc."modules-load.d/nixos.conf".source = modulesConf;
      systemd.services.systemd-modules-load = {
        wantedBy = [ "multi-user.target" ];
        restartTriggers = [ modulesConf ];
        serviceConfig.SuccessExitStatus = "0 1";
      };
      system.requiredKernelConfig = map config.lib.kernelConfig.isYes [
        "MODULES"
        "BINFMT_ELF"
      ];
      # Kernels that nixpkgs builds are assumed to have all required options.
      assertions = lib.optionals (!(kernel ? features)) (
        map (required: {
          assertion = required.assertion kernel.config;
          inherit (required) message;
        }) config.system.requiredKernelConfig
      );
    })
  ];
}
