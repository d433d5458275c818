# An agent of the k3s cluster; knows nothing of NPUs. The roles build upon it.
{ lib, ... }:

{
  imports = [ ./node.nix ];

  services.k3s = {
    enable = true;
    role = "agent";
    serverAddr = lib.mkDefault "https://k3s.internal:6443";
    # Put there by hand or by a secrets manager: a token in the configuration would be in everybody's store.
    tokenFile = lib.mkDefault "/var/lib/secrets/k3s-token";
    gracefulNodeShutdown.enable = true;
  };

  networking.firewall = {
    # kubelet (logs, exec, metrics) and flannel's VXLAN.
    allowedTCPPorts = [ 10250 ];
    allowedUDPPorts = [ 8472 ];
  };
}
