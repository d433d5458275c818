{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.hardware.rknn;
  vendor = cfg.stack == "vendor";
  kernel = import ./kernel-facts.nix { inherit lib; } config.boot.kernelPackages.kernel;
  # By the kernel's configuration. Where that cannot be read, Rockchip's own kernels are assumed to have it, with a
  # warning.
  bringsRknpu =
    !kernel.isRelease
    && (
      if kernel.symbol "ROCKCHIP_RKNPU" == null then
        kernel.isVendorTree
      else
        kernel.symbol "ROCKCHIP_RKNPU" != "n"
    );
in
{
  options.hardware.rknn = {
    enable = lib.mkEnableOption "the NPU of Rockchip RK3588 boards";

    stack = lib.mkOption {
      type = lib.types.enum [
        "vendor"
        "mainline"
      ];
      default = "vendor";
      description = ''
        Which of the two NPU stacks to bring up. `vendor` is the `rknpu` driver with `librknnrt.so` and
        `.rknn` models; `mainline` is the `rocket` driver of Linux 6.18 and later with Mesa's Teflon and
        `.tflite` models. A node runs one or the other.
      '';
    };

    isRk3588 = lib.mkOption {
      type = lib.types.bool;
      default =
        let
          name = config.hardware.deviceTree.name;
        in
        name == null || lib.hasInfix "rk3588" name;
      defaultText = lib.literalMD ''
        whether `hardware.deviceTree.name` contains `rk3588`; `true` where it names no device tree
      '';
      description = ''
        Whether this configuration may be for an RK3588 board. Set it if the name of the device tree does
        not say so.
      '';
    };

    onForeignBoard = lib.mkOption {
      type = lib.types.enum [
        "warn"
        "fail"
      ];
      default = "warn";
      description = ''
        What enabling this module does if `hardware.rknn.isRk3588` is false: `warn` only adds a warning, `fail`
        rejects the configuration.
      '';
    };

    device = {
      group = lib.mkOption {
        type = lib.types.str;
        default = "render";
        description = "Group of the NPU's device node. It is created if it does not exist.";
      };
      mode = lib.mkOption {
        type = lib.types.strMatching "0?6[046]0";
        default = "0660";
        description = ''
          Mode of the NPU's device node. It cannot give access to all users: the vendor driver trusts the kernel
          addresses that its clients pass to it.
        '';
      };
    };

    driver = {
      enable = lib.mkOption {
        type = lib.types.bool;
        default = true;
        description = "Whether to load the stack's kernel driver (`rknpu` or `rocket`) on RK3588 boards.";
      };
      package = lib.mkOption {
        type = lib.types.nullOr lib.types.package;
        default =
          if vendor && !bringsRknpu then pkgs.rknn.driverFor config.boot.kernelPackages else null;
        defaultText = lib.literalMD ''
          `pkgs.rknn.driverFor config.boot.kernelPackages` for the vendor stack, but `null` with Rockchip's own
          kernels; `null` for mainline
        '';
        description = ''
          Package with the kernel module, or `null` if the kernel has the driver itself, as Rockchip's own kernels
          and mainline kernels since 6.18 do. The default depends on the kernel's configuration if that can be
          read, and otherwise on the kernel's name.
        '';
      };
    };

    runtime = {
      enable = lib.mkOption {
        type = lib.types.bool;
        default = true;
        description = "Whether to install the runtime library where C programs and the Python API look for it.";
      };
      package = lib.mkOption {
        type = lib.types.package;
        default = if vendor then pkgs.rknn.runtime else pkgs.mesa;
        defaultText = lib.literalMD "`pkgs.rknn.runtime` for the vendor stack, `pkgs.mesa` for mainline";
        description = "Package with `lib/librknnrt.so` (vendor) or `lib/libteflon.so` (mainline).";
      };
    };

    toolkitLite = {
      enable = lib.mkOption {
        type = lib.types.bool;
        default = vendor;
        defaultText = lib.literalExpression ''config.hardware.rknn.stack == "vendor"'';
        description = "Whether to install a `python3` that can import `rknnlite` (vendor stack only).";
      };
      package = lib.mkOption {
        type = lib.types.package;
        default = pkgs.rknn.toolkit-lite;
        defaultText = lib.literalExpression "pkgs.rknn.toolkit-lite";
        description = "Package with the Python API. It is installed with the interpreter that it was built for.";
      };
    };

    diagnostics = {
      enable = lib.mkOption {
        type = lib.types.bool;
        default = true;
        description = "Whether to install `rknn-doctor`, which reports a node's NPU stack and its problems.";
      };
      package = lib.mkOption {
        type = lib.types.package;
        default = pkgs.rknn.diagnostics;
        defaultText = lib.literalExpression "pkgs.rknn.diagnostics";
        description = "Package with `bin/rknn-doctor`.";
      };
    };

    services = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "frigate" ];
      description = ''
        Names of systemd services that use the NPU. They get the library path of the runtime and the group of the
        device node, and start after the driver. Services do not inherit the environment of shells or PAM sessions.
      '';
    };
  };
}
