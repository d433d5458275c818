# Kernel and device tree: rejects those that cannot run the stack, and describes the NPU to its driver.
{
  config,
  lib,
  ...
}:

let
  cfg = config.hardware.rknn;
  tree = config.hardware.deviceTree;
  vendor = cfg.stack == "vendor";
  trees = import ./trees.nix;
  kernel = import ./kernel-facts.nix { inherit lib; } config.boot.kernelPackages.kernel;
  verdict = import ./kernel-verdict.nix { inherit lib; } {
    inherit kernel;
    inherit (cfg) stack;
    inherit (cfg.driver) package;
  };

  # Null if the configuration may boot with any board's tree.
  inherit (tree) name;
  board = toString name;
  # The default is for boards in no list whose overlay is enabled by hand.
  supply =
    trees.supplies.${board} or {
      npu = "vdd_npu_s0";
      sram = "vdd_npu_s0";
    };
  isEnabled = trees.enabledSince ? ${board} && kernel.atLeast trees.enabledSince.${board};
  ownTree = tree.overlays != [ ] || !tree.enable;
  overlay =
    if vendor then
      {
        name = "rknpu";
        dtsText = builtins.readFile ./rknpu-overlay.dts;
      }
    else
      {
        name = "rocket";
        # Only for the tree of this board, whose labels the supplies are.
        filter = name;
        dtsText =
          lib.replaceStrings [ "&NPU_SUPPLY" "&SRAM_SUPPLY" ] [ "&${supply.npu}" "&${supply.sram}" ]
            (builtins.readFile ./rocket-overlay.dts);
      };

  treeRefuse =
    lib.optional (
      cfg.driver.deviceTreeOverlay && !kernel.atLeast "6.18"
    ) "hardware.rknn.driver.deviceTreeOverlay changes nodes that mainline's device trees have since Linux 6.18, and does not apply to the trees of ${kernel.label}. Set boot.kernelPackages to a later kernel (pkgs.linuxPackages_6_18, pkgs.linuxPackages_latest), or set the option to false and use a device tree with the NPU's node."
    ++ lib.optional (
      cfg.driver.deviceTreeOverlay && !tree.enable
    ) "hardware.rknn.driver.deviceTreeOverlay needs hardware.deviceTree.enable = true: otherwise no overlay is applied, and no driver finds the NPU."
    ++ lib.optional (
      !vendor && cfg.driver.deviceTreeOverlay && name == null
    ) "hardware.rknn.driver.deviceTreeOverlay needs hardware.deviceTree.name for the mainline stack, because it names the board's regulators."
    ++ lib.optional (
      !vendor && lib.elem name trees.unsupplied && !ownTree && kernel.atLeast "6.18"
    ) "the device tree ${board} leaves the NPU disabled and names no regulator for it, so rocket does not find it. Add an overlay for this board to hardware.deviceTree.overlays that enables rknn_core_* and rknn_mmu_*, or set hardware.rknn.stack = \"vendor\".";
  treeDoubt =
    lib.optional (
      !vendor && name != null && !isEnabled && !cfg.driver.deviceTreeOverlay && !ownTree
      && kernel.atLeast "6.18" && !lib.elem name trees.unsupplied
    ) "it is unknown whether the device tree ${board} of ${kernel.label} enables the NPU (rknn_core_*, rknn_mmu_*). If it does not, set hardware.rknn.driver.deviceTreeOverlay = true if its regulator is vdd_npu_s0, or add an overlay to hardware.deviceTree.overlays."
    ++ lib.optional (
      vendor && cfg.driver.package != null && !cfg.driver.deviceTreeOverlay && !ownTree && kernel.isRelease
    ) "mainline's device trees describe the NPU for rocket, and hardware.rknn.driver.deviceTreeOverlay is false: unless this board boots with another tree, rknpu loads but binds to nothing.";

  refuse = verdict.refuse ++ treeRefuse;
  doubt = verdict.doubt ++ treeDoubt;
  hint = "\nTo build it anyway, set hardware.rknn.onUnsuitableKernel = \"warn\". On a machine that is not an RK3588, set hardware.rknn.isRk3588 = false.";
in
{
  options.hardware.rknn = {
    onUnsuitableKernel = lib.mkOption {
      type = lib.types.enum [
        "warn"
        "fail"
      ];
      default = "fail";
      description = ''
        What to do with a kernel or device tree that is known not to support the stack: `fail` rejects the
        configuration, `warn` builds it with a warning. What is unknown before a build is a warning in either case.
      '';
    };
    driver.deviceTreeOverlay = lib.mkOption {
      type = lib.types.bool;
      default =
        cfg.driver.enable
        && (if vendor then cfg.driver.package != null else trees.supplies ? ${board} && kernel.atLeast "6.18");
      defaultText = lib.literalMD ''
        `true` if the vendor's driver is added to a stock kernel; for the mainline stack, if
        `hardware.deviceTree.name` is a board whose tree leaves the NPU disabled and has a regulator for it
      '';
      description = ''
        Whether to change the kernel's device trees (Linux 6.18 and later) so that the stack's driver finds the NPU.
        For the vendor's driver, one node replaces mainline's three in the trees of all boards. For `rocket`, the
        nodes in the tree that `hardware.deviceTree.name` names are enabled, with the board's regulator.
        Device trees of Rockchip's own kernels need no overlay.
      '';
    };
  };

  config = lib.mkIf (cfg.active && cfg.driver.enable) {
    assertions = map (message: {
      assertion = cfg.onUnsuitableKernel == "warn";
      message = "hardware.rknn (${cfg.stack} stack): ${message}${hint}";
    }) refuse;
    warnings =
      map (message: "hardware.rknn (${cfg.stack} stack): ${message}") doubt
      ++ lib.optionals (cfg.onUnsuitableKernel == "warn") (
        map (message: "hardware.rknn (${cfg.stack} stack) will not work: ${message}") refuse
      );
    hardware.deviceTree.overlays = lib.optional cfg.driver.deviceTreeOverlay overlay;
  };
}
