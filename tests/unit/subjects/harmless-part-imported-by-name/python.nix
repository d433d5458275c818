{ config, lib, pkgs, ... }:
{
  config = lib.mkIf config.services.npu.enable {
    environment.systemPackages = [ pkgs.python312 ];
  };
}
