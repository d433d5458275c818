import ../_good/module.nix {
  more = { pkgs, ... }: 
    let
      worker = pkgs.python312.pkgs.buildPythonApplication {
        pname = "npu-worker";
        version = "1.0";
        pyproject = true;
        src = ./worker;
        build-system = [ pkgs.python312.pkgs.setuptools ];
      };
    in
    {
    systemd.services.npu-worker = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig.SupplementaryGroups = [ "render" ];
      serviceConfig.ExecStart = "${worker}/bin/npu_worker";
    };
  };
}
