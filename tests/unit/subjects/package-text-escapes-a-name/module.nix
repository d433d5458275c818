import ../_good/module.nix {
  more =
    { cfg, ... }:
    {
      environment.etc."npu/runtime".text = ''
        ''${cfg.package}/lib/librknnrt.so
      '';
    };
}
