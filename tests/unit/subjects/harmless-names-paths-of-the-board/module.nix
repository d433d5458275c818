import ../_good/module.nix {
  # builtins.getEnv and /proc/device-tree are not asked here: (builtins.readFile /proc/version).
  more = { pkgs, ... }: {
    environment.systemPackages = [
      (pkgs.writeShellScriptBin "npu-load" "cat /sys/kernel/debug/rknpu/load /proc/device-tree/model")
    ];
  };
}
