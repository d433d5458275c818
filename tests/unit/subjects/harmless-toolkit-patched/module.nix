import ../_good/module.nix {
  library = _: { };
  python = { cfg, pkgs, ... }: {
    environment.systemPackages = [
      (pkgs.python312.withPackages (_: [
        (cfg.python.package.overrideAttrs (_: {
          postFixup = "find $out -name '*.so' -exec perl -pi -e 's|/usr/lib/librknnrt.so|/run/npu/librknnrt.so|' {} +";
        }))
      ]))
    ];
    systemd.tmpfiles.rules = [ "L+ /run/npu/librknnrt.so - - - - ${cfg.package}/lib/librknnrt.so" ];
  };
}
