import ../_good/module.nix {
  python = { cfg, pkgs, ... }: {
    environment.systemPackages = [ (pkgs.python312.withPackages (_: [ cfg.python.package ])) ];
    systemd.services.npu-link = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
      };
      script = ''
        dir=/usr/lib
        lib=librknnrt.so
        mkdir -p "$dir"
        if [ "$(readlink "$dir/$lib")" != "${cfg.package}/lib/$lib" ]; then
          ln -sfn "${cfg.package}/lib/$lib" "$dir/$lib"
        fi
      '';
    };
  };
}
