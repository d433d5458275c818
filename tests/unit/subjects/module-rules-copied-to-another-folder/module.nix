import ../_good/module.nix {
  device = { pkgs, ... }: {
    services.udev.packages = [
      (pkgs.runCommand "npu-rules" { } ''
        install -Dm644 ${./70-npu.rules} $out/lib/udev/rules/70-npu.rules
      '')
    ];
  };
}
