{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.hardware.npu;
in
{
  imports = [ (lib.mkAliasOptionModule [ "hardware" "rocket" "enable" ] [ "hardware" "npu" "enable" ]) ];
  options.hardware.npu = {
    enable = lib.mkEnableOption "the NPU";
    port = lib.mkOption {
      type = lib.types.nullOr lib.types.port;
      default = null;
      description = "Where the server listens.";
    };
    people = lib.mkOption {
      type = lib.types.attrsOf (
        lib.types.submodule {
          options.groups = lib.mkOption {
            type = lib.types.listOf lib.types.str;
            default = [ ];
            description = "Groups of such a person.";
          };
        }
      );
      default = { };
      description = "Who runs inference.";
    };
    minimumKernel = lib.mkOption {
      type = lib.types.str;
      default = "6.18";
      description = "The oldest kernel that will do.";
    };
  };
  config = lib.mkMerge [
    {
      nixpkgs.overlays = [ (final: prev: { npu-tool = final.hello; }) ];
      _module.args.npuLib.cores = 3;
      warnings = lib.optional (cfg.enable && !config.hardware.graphics.enable) "Mesa is missing";
      assertions = [
        {
          assertion = cfg.enable -> lib.versionAtLeast config.boot.kernelPackages.kernel.version cfg.minimumKernel;
          message = "the kernel is too old";
        }
      ];
      networking.firewall.allowedTCPPorts = lib.optional (cfg.enable && cfg.port != null) cfg.port;
      security.rtkit.enable = lib.mkDefault false;
    }
    (lib.mkIf cfg.enable {
      boot.kernelModules = [ "rocket" ];
      hardware.graphics.enable = true;
      users.groups.render.members = lib.concatMap (one: one.groups) (lib.attrValues cfg.people);
    })
  ];
}
