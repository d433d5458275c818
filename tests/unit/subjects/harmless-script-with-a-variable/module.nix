import ../_good/module.nix {
  python =
    { cfg, pkgs, ... }:
    let
      librknnrt = pkgs.callPackage ../_good/packages/runtime.nix { };
    in
    {
      environment.systemPackages = [ (pkgs.python312.withPackages (_: [ cfg.python.package ])) ];
      system.activationScripts.npu = ''
        librknnrt=${librknnrt}
        mkdir -p /usr/lib
        ln -sfn ''${librknnrt}/lib/librknnrt.so /usr/lib/librknnrt.so
      '';
    };
}
