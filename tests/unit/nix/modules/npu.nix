# A module small enough to know by heart, for tests of the evaluation itself.
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
  options.hardware.npu = {
    enable = lib.mkEnableOption "the NPU";
    text = lib.mkOption {
      type = lib.types.str;
      default = "";
      description = "Any text.";
    };
    data = lib.mkOption {
      type = lib.types.anything;
      default = { };
    };
    # What goes wrong, if anything.
    trouble = lib.mkOption {
      type = lib.types.enum [
        "none"
        "throw"
        "throw-in-a-package"
        "missing-attribute"
        "missing-package"
        "recursion"
        "endless"
        "hungry"
        "assertion"
        "unknown-option"
      ];
      default = "none";
    };
  };

  config = lib.mkIf cfg.enable (
    lib.mkMerge [
      {
        services.udev.packages = [ (pkgs.writeTextDir "lib/udev/rules.d/60-npu.rules" "KERNEL==\"npu\"\n") ];
        environment.variables.NPU_TEXT = cfg.text;
        environment.etc."npu.json".text = builtins.toJSON cfg.data;
        environment.systemPackages = [ pkgs.npu-tools ];
        boot.kernelModules = [ "npu" ];
        systemd.services.npu = {
          wantedBy = [ "multi-user.target" ];
          script = "npu --serve";
          path = [ pkgs.npu-tools ];
        };
      }
      (lib.mkIf (cfg.trouble == "throw") { environment.variables.X = throw "thrown on purpose"; })
      (lib.mkIf (cfg.trouble == "throw-in-a-package") {
        environment.systemPackages = [ (pkgs.npu-tools.overrideAttrs { src = throw "no source for it"; }) ];
      })
      (lib.mkIf (cfg.trouble == "missing-attribute") { environment.variables.X = cfg.nowhere; })
      (lib.mkIf (cfg.trouble == "missing-package") { environment.systemPackages = [ pkgs.surely-no-such-thing ]; })
      (lib.mkIf (cfg.trouble == "recursion") {
        environment.variables.X =
          let
            x = x + "";
          in
          x;
      })
      (lib.mkIf (cfg.trouble == "endless") {
        # Ten thousand million steps, none of which is remembered.
        environment.variables.X = toString (
          lib.foldl' (sum: _: lib.foldl' (inner: _: inner + 1) sum (lib.range 1 10000)) 0 (lib.range 1 1000000)
        );
      })
      (lib.mkIf (cfg.trouble == "hungry") {
        environment.variables.X = toString (
          lib.length (
            builtins.genericClosure {
              startSet = [ { key = 0; } ];
              operator = item: [ { key = item.key + 1; } ];
            }
          )
        );
      })
      (lib.mkIf (cfg.trouble == "assertion") {
        assertions = [
          {
            assertion = false;
            message = "no NPU on this machine";
          }
        ];
      })
    ]
  );
}
