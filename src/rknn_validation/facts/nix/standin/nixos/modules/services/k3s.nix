# k3s.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) types;
  cfg = config.services.k3s;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) off on;

  manifest =
    { name, ... }:
    {
      options = {
        enable = on;
        target = declare.str name;
        content = declare.nullOr (types.either types.attrs (types.listOf types.attrs));
        source = declare.nullOr types.path;
      };
    };
  yaml = pkgs.formats.yaml { };
  configFile =
    name: apiVersion: kind: settings:
    yaml.generate "k3s-${name}-config" ({ inherit apiVersion kind; } // settings);
  kubelet =
    lib.optionalAttrs cfg.gracefulNodeShutdown.enable {
      inherit (cfg.gracefulNodeShutdown) shutdownGracePeriod shutdownGracePeriodCriticalPods;
    }
    // cfg.extraKubeletConfig;
  kubeletConfig = configFile "kubelet" "kubelet.config.k8s.io/v1beta1" "KubeletConfiguration" kubelet;
  proxyConfig =
    configFile "kubeProxy" "kubeproxy.config.k8s.io/v1alpha1" "KubeProxyConfiguration"
      cfg.extraKubeProxyConfig;
  flags = [
    "${cfg.package}/bin/k3s ${cfg.role}"
  ]
  ++ lib.optional cfg.clusterInit "--cluster-init"
  ++ lib.optional cfg.disableAgent "--disable-agent"
  ++ map (component: "--disable=${component}") cfg.disable
  ++ lib.optional (cfg.serverAddr != "") "--server ${cfg.serverAddr}"
  ++ lib.optional (cfg.token != "") "--token ${cfg.token}"
  ++ lib.optional (cfg.tokenFile != null) "--token-file ${toString cfg.tokenFile}"
  ++ lib.optional (cfg.configPath != null) "--config ${toString cfg.configPath}"
  ++ lib.optional (cfg.nodeName != null) "--node-name=${cfg.nodeName}"
  ++ map (label: "--node-label=${label}") cfg.nodeLabel
  ++ map (taint: "--node-taint=${taint}") cfg.nodeTaint
  ++ lib.optional (kubelet != { }) "--kubelet-arg=config=${kubeletConfig}"
  ++ lib.optional (cfg.extraKubeProxyConfig != { }) "--kube-proxy-arg=config=${proxyConfig}"
  ++ lib.toList cfg.extraFlags;
in
{
  options.services.k3s = {
    enable = off;
    package = declare.package pkgs.k3s;
    role = declare.enum [
      "server"
      "agent"
    ] "server";
    serverAddr = declare.str "";
    clusterInit = off;
    disableAgent = off;
    disable = declare.strings;
    token = declare.str "";
    tokenFile = declare.nullOr types.path;
    environmentFile = declare.nullOr types.path;
    configPath = declare.nullOr types.path;
    extraFlags = declare.either types.str (types.listOf types.str) [ ];
    nodeName = declare.maybe;
    nodeLabel = declare.strings;
    nodeTaint = declare.strings;
    manifests = declare.namedBy manifest;
    charts = declare.attrsOf (types.either types.path types.package);
    containerdConfigTemplate = declare.maybe;
    extraKubeletConfig = declare.tree;
    extraKubeProxyConfig = declare.tree;
    gracefulNodeShutdown = {
      enable = off;
      shutdownGracePeriod = declare.of types.nonEmptyStr "30s";
      shutdownGracePeriodCriticalPods = declare.of types.nonEmptyStr "10s";
    };
  };

  config = lib.mkIf cfg.enable {
    warnings = lib.optional (
      cfg.role != "agent" && cfg.containerdConfigTemplate != null && cfg.disableAgent
    ) "k3s: Container images are only imported on nodes with an enabled agent";
    assertions = [
      {
        assertion = cfg.role == "agent" -> (cfg.configPath != null || cfg.serverAddr != "");
        message = "serverAddr or configPath (with 'server' key) should be set if role is 'agent'";
      }
      {
        assertion = cfg.role == "agent" -> (cfg.configPath != null || cfg.tokenFile != null || cfg.token != "");
        message = "token or tokenFile or configPath (with 'token' or 'token-file' keys) should be set if role is 'agent'";
      }
      {
        assertion = cfg.role == "agent" -> !cfg.disableAgent;
        message = "k3s: disableAgent must be false if role is 'agent'";
      }
      {
        assertion = cfg.role == "agent" -> !cfg.clusterInit;
        message = "k3s: clusterInit must be false if role is 'agent'";
      }
    ];
    environment.systemPackages = [ cfg.package ];
    systemd.tmpfiles.settings."10-k3s" = lib.mkIf (cfg.containerdConfigTemplate != null) {
      "/var/lib/rancher/k3s/agent/etc/containerd/config.toml.tmpl"."L+".argument = toString (
        pkgs.writeText "config.toml.tmpl" cfg.containerdConfigTemplate
      );
    };
    systemd.services.k3s = {
      description = "k3s service";
      after = [
        "firewall.service"
        "network-online.target"
      ];
      wants = [
        "firewall.service"
        "network-online.target"
      ];
      wantedBy = [ "multi-user.target" ];
      serviceConfig = {
        Type = if cfg.role == "agent" then "exec" else "notify";
        KillMode = "process";
        Delegate = "yes";
        Restart = "always";
        RestartSec = "5s";
        LimitNOFILE = 1048576;
        LimitNPROC = "infinity";
        LimitCORE = "infinity";
        TasksMax = "infinity";
        TimeoutStartSec = "0";
        EnvironmentFile = lib.mkIf (cfg.environmentFile != null) cfg.environmentFile;
        ExecStart = lib.concatStringsSep " \\\n " flags;
      };
    };
  };
}
