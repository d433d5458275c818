# An agent of the k3s cluster, without NPU support. The roles import it.
{ lib, ... }:

{
  imports = [ ./node.nix ];

  services.k3s = {
    enable = true;
    role = "agent";
    serverAddr = lib.mkDefault "https://k3s.internal:6443";
    # Written by hand or by a secrets manager: a token in the configuration could be read by every user.
    tokenFile = lib.mkDefault "/var/lib/secrets/k3s-token";
    gracefulNodeShutdown.enable = true;
  };

  networking.firewall = {
    # kubelet (logs, exec, metrics) and flannel's VXLAN.
    allowedTCPPorts = [ 10250 ];
    allowedUDPPorts = [ 8472 ];
  };
}
