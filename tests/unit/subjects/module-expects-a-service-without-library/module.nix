import ../_good/module.nix {
  library = _: { };
  python = _: { };
  more = { pkgs, ... }: {
    systemd.services.detector = {
      wantedBy = [ "multi-user.target" ];
      script = "exec ${pkgs.python312}/bin/python3 /var/lib/detector/detect.py --npu";
      serviceConfig.SupplementaryGroups = [ "render" ];
    };
  };
}
