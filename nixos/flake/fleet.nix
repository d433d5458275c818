# Whether every host of the fleet has the NPU support that is expected of it. Evaluating this derivation is the check.
#
# `nix flake check` by itself only checks that hosts evaluate. A host that lost its NPU support still evaluates, and so
# does one that should have none.
{ pkgs, self }:

let
  inherit (pkgs) lib;
  hosts = self.nixosConfigurations;

  # vendor, mainline: has that stack. warned: has a warning only. untouched: has nothing of the NPU support.
  expected = {
    opi01 = "vendor";
    opi02 = "mainline";
    opi03 = "vendor";
    rpi01 = "warned";
    ampere01 = "warned";
    amd01 = "untouched";
  };

  problem = condition: text: lib.optional condition text;
  warningsOf = config: lib.filter (lib.hasInfix "hardware.rknn") config.warnings;

  judge = {
    vendor =
      { config, ... }:
      running "vendor" config
      ++ problem (config.boot.extraModulePackages == [ ]) "no package brings the rknpu driver"
      ++ problem (
        !(config.systemd.services ? rknn-runtime-link)
      ) "nothing links librknnrt.so where the Python API looks";
    mainline =
      { config, ... }:
      let
        inherit (config.boot.kernelPackages.kernel) version;
      in
      running "mainline" config
      ++ problem (!config.hardware.graphics.enable) "Mesa's Teflon is not installed"
      ++ problem (lib.versionOlder version "6.18") "Linux ${version} has no rocket driver, 6.18 has";
    warned =
      host:
      problem (warningsOf host.config == [ ]) "nothing warns that this is no RK3588 board"
      ++ leaksOf host;
    untouched = host: map (warning: "warns: ${warning}") (warningsOf host.config) ++ leaksOf host;
  };

  running =
    stack: config:
    let
      cfg = config.hardware.rknn;
    in
    problem (!cfg.active) "NPU support is not active"
    ++ problem (cfg.stack != stack) "the stack is ${cfg.stack}, not ${stack}"
    ++ problem (!(config.systemd.services ? rknn-driver)) "no unit loads the driver"
    ++ map (warning: "warns: ${warning}") (warningsOf config)
    ++ problem (
      !(lib.elem "rockchip.com/npu.stack=${stack}" config.services.k3s.nodeLabel)
    ) "it has no node label for the NPU"
    ++ podsOf config;

  # Pods get the NPU by DRA, from the driver as a service of the host.
  podsOf =
    config:
    let
      unit = config.systemd.services.rknn-node-driver or null;
      start = toString unit.serviceConfig.ExecStart;
      says = text: lib.hasInfix text start;
    in
    if unit == null then
      [ "no unit runs the node driver: pods cannot get the NPU" ]
    else
      problem (!(says "--interface=dra")) "its node driver does not offer the NPU by DRA"
      ++ problem (!(says "--cdi-folder=/run/cdi")) "its node driver writes no CDI spec where containerd reads them"
      ++ problem (
        !(says "--node=${config.networking.hostName}")
      ) "its node driver has another node's name";

  # How a host differs from the same host with the module disabled: the whole system, and details that explain it.
  leaksOf =
    host:
    let
      on = surface host.config;
      off =
        surface
          (host.extendModules { modules = [ { hardware.rknn.enable = lib.mkForce false; } ]; }).config;
    in
    map (name: "NPU support changes its ${name}") (
      lib.filter (name: on.${name} != off.${name}) (lib.attrNames on)
    );
  surface = config: {
    system = config.system.build.toplevel.drvPath;
    units = lib.attrNames config.systemd.services;
    "udev rules" = map toString config.services.udev.packages;
    packages = map toString config.environment.systemPackages;
    "files in /etc" = lib.attrNames config.environment.etc;
    groups = lib.attrNames config.users.groups;
    variables = config.environment.sessionVariables;
    drivers = map toString config.boot.extraModulePackages;
    "device tree" = map (overlay: overlay.name) config.hardware.deviceTree.overlays;
    graphics = config.hardware.graphics.enable;
    labels = config.services.k3s.nodeLabel;
  };

  common =
    name:
    { config, ... }:
    problem (config.networking.hostName != name) "its host name is ${config.networking.hostName}"
    ++ problem (!config.services.openssh.enable) "SSH is disabled, so it cannot be deployed to"
    ++ problem (!config.services.k3s.enable) "k3s is disabled";

  judged = lib.mapAttrs (
    name: host:
    if expected ? ${name} then
      common name host ++ judge.${expected.${name}} host
    else
      [ "nixos/flake/fleet.nix does not say what it should be" ]
  ) hosts;
  problems =
    lib.concatLists (lib.mapAttrsToList (name: map (text: "${name}: ${text}")) judged)
    ++ map (name: "${name}: expected, but there is no such host") (
      lib.filter (name: !(hosts ? ${name})) (lib.attrNames expected)
    );
in
if problems != [ ] then
  throw "the fleet is not what it should be:\n${lib.concatMapStringsSep "\n" (text: "- ${text}") problems}"
else
  pkgs.writeText "fleet.json" (builtins.toJSON expected)
