# A K3s cluster: a server without the NPU, and an agent that is an Orange Pi 5 Plus with the simulated rocket driver.
#
# The server is asked what `pytest --kubernetes --disrupt` asks any cluster; the agent is rebooted on top.
{ pkgs, harness }:

let
  inherit (pkgs) lib;
  root = ../..;
  overlays = [
    (root + "/nixos/overlays/rknn-packages.nix")
    (root + "/nixos/overlays/linux-rknpu.nix")
    ./nix/stand-ins.nix
  ];
  guest = import pkgs.path {
    system = "aarch64-linux";
    overlays = map import overlays;
  };

  # What pods are made of, and what holds their namespaces together: without a registry, both are imported.
  python = guest.dockerTools.buildImage {
    name = "rknn-validation/python";
    tag = "test";
    copyToRoot = [ guest.python3Minimal ];
  };
  pause = guest.dockerTools.buildImage {
    name = "rknn-validation/pause";
    tag = "test";
    copyToRoot = [ guest.tini guest.coreutils ];
    config.Entrypoint = [
      "/bin/tini"
      "--"
      "/bin/sleep"
      "inf"
    ];
  };

  cores = 2;
  memorySize = 2048;

  common =
    { config, ... }:
    {
      services.k3s = {
        enable = true;
        # The test's own, and no secret.
        token = "rknn-validation";
        images = [
          pause
          python
        ];
        extraFlags = [
          "--pause-image rknn-validation/pause:test"
          # Of the network between the machines; the other is the same for each.
          "--node-ip ${config.networking.primaryIPAddress}"
          "--flannel-iface eth1"
        ];
      };
      networking.firewall.enable = false;
      boot.kernelParams = [ "arm64.nopauth" ];
      documentation.enable = false;
      virtualisation = {
        inherit cores memorySize;
        diskSize = 4096; # MiB
        graphics = false;
        useNixStoreImage = true;
        mountHostNixStore = false;
        writableStore = true;
      };
    };

  deviceTree = import ./nix/device-tree.nix {
    inherit
      pkgs
      harness
      cores
      memorySize
      ;
    board = "orangepi-5-plus";
    npu = "mainline";
  };
in
pkgs.testers.runNixOSTest {
  name = "rknn-k3s";

  node.pkgs = lib.mkForce guest;
  qemu.package = lib.mkIf (pkgs.stdenv.hostPlatform.system != "aarch64-linux") pkgs.qemu;
  requiredFeatures.kvm = false;
  globalTimeout = 2 * 60 * 60;
  extraPythonPackages = packages: [ (harness.module packages) ];

  nodes.server = {
    imports = [ common ];
    services.k3s = {
      role = "server";
      manifests.npu-class.source = root + "/kubernetes/deploy/dra/device-class.yaml";
      extraFlags = map (part: "--disable ${part}") [
        "coredns"
        "local-storage"
        "metrics-server"
        "servicelb"
        "traefik"
      ];
    };
  };

  nodes.agent =
    { config, pkgs, ... }:
    {
      imports = [
        common
        (root + "/nixos/modules/nixos/rknn.nix")
        (root + "/nixos/modules/nixos/rknn-node-driver.nix")
      ];

      hardware.rknn = {
        enable = true;
        stack = "mainline";
      };
      services.rknn-node-driver = {
        enable = true;
        nodeName = "agent";
        extraArgs = [ "--verdict=/etc/rknn-verdict.json" ];
      };
      # The simulated driver computes nothing, so no model can be run: the test's word stands for a validation.
      environment.etc."rknn-verdict.json".text = builtins.toJSON {
        verdict = "pass";
        reason = "TestSaysSo";
        message = "a file of the test, and no validation";
      };
      services.k3s = {
        role = "agent";
        serverAddr = "https://server:6443";
        nodeLabel = [
          "rockchip.com/npu.present=true"
          "rockchip.com/npu.stack=mainline"
        ];
      };
      boot.extraModulePackages = [ (pkgs.rknn.driverFor config.boot.kernelPackages) ];
      virtualisation.qemu.options = [
        "-machine gic-version=3"
        "-dtb ${deviceTree}"
      ];
    };

  testScript = ''
    from rknn_validation.suites.k3stest import run

    start_all()
    run(server, agent, server.out_dir)
  '';
}
