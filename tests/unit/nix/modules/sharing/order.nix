# Orders and conditions.
{
  config,
  lib,
  pkgs,
  ...
}:
{
  config = lib.mkMerge [
    {
      environment.systemPackages = lib.mkAfter [ pkgs.hello ];
      environment.profiles = lib.mkBefore [ "/first" ];
      environment.etc = lib.mkIf config.services.openssh.enable { ssh-is-on.text = "yes\n"; };
      systemd.tmpfiles.rules = lib.mkOrder 100 [ "d /run/npu" ];
    }
    (lib.mkIf config.services.udev.enable {
      services.openssh.enable = true;
      virtualisation.docker.enable = true;
      services.k3s.enable = true;
      services.k3s.role = "agent";
      security.polkit.enable = true;
      boot.kernel.sysctl."vm.swappiness" = 10;
    })
    (lib.mkIf config.services.k3s.enable {
      virtualisation.oci-containers.containers.npu.image = "npu:1";
      environment.sessionVariables.NPU = [ "a" "b" ];
    })
  ];
}
