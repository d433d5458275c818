{ pkgs, ... }:

let
  runtime = pkgs.callPackage ../_good/packages/runtime.nix { };
in
{
  imports = [ ../_good/machine.nix ];


  systemd.services.detector = {
    description = "Finds cats in camera pictures";
    wantedBy = [ "multi-user.target" ];
    environment.LD_LIBRARY_PATH = "${runtime}/lib";
    serviceConfig = {
      Nice = 5;
      ExecStart = "${pkgs.writeShellScriptBin "detector" "exec sleep infinity"}/bin/detector";
    };
  };
}
