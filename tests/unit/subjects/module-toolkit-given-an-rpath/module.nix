import ../_good/module.nix {
  library = _: { };
  python = { cfg, pkgs, ... }: {
    environment.systemPackages = [
      (pkgs.python312.withPackages (_: [
        (cfg.python.package.overrideAttrs (_: {
          postFixup = "find $out -name '*.so' -exec patchelf --add-rpath ${cfg.package}/lib --add-needed librknnrt.so {} +";
        }))
      ]))
    ];
  };
}
