# A machine with an accelerator of another maker, and words that only look like the NPU's.
{ pkgs, ... }:
{
  services.udev.extraRules = ''
    SUBSYSTEM=="accel", KERNEL=="accel*", GROUP="render", MODE="0660"
    SUBSYSTEM=="input", GROUP="input", MODE="0660"
  '';
  environment.variables.NPU_DRIVER = "intel";
  environment.systemPackages = [ pkgs.hello ];
  systemd.services.rocketchat = {
    wantedBy = [ "multi-user.target" ];
    serviceConfig.ExecStart = "${pkgs.hello}/bin/hello --input /srv/rocketchat";
  };
}
