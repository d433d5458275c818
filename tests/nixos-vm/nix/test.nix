# What the tests have in common: { name, scenario, board } -> a NixOS test of one machine.
{ pkgs, harness }:
{
  name,
  # Of scenarios.nix.
  scenario,
  # Of npu/boards.py.
  board,
}:

let
  inherit (pkgs) lib;
  asked = (import ./scenarios.nix).${scenario};

  root = ../../..;
  module = root + "/nixos/modules/nixos/rknn.nix";
  option = [
    "hardware"
    "rknn"
  ];
  overlays = [
    (root + "/nixos/overlays/rknn-packages.nix")
    (root + "/nixos/overlays/linux-rknpu.nix")
    ./stand-ins.nix
  ];

  # The guest's packages are aarch64's own, whatever the driver runs on: from a binary cache, or another builder.
  guest = import pkgs.path {
    system = "aarch64-linux";
    overlays = map import overlays;
    config.allowUnfreePredicate = package: lib.getName package == "rknn-toolkit-lite2";
  };
  inherit (guest.callPackage (root + "/src/rknn_validation/machine/nixos/programs.nix") { }) client;

  # What the node is held against: the scenario as the harness evaluates it, by the same expression.
  # A value that throws and that no build asks for is left out of it; what cannot be evaluated at all is an error now.
  evaluation =
    lib.throwIf (evaluated.results.test.refused or false)
      "rknn-${name}: scenario ${scenario} does not evaluate; `pytest -m unit` says why"
      evaluated;
  file = path: {
    file = toString path;
    more = [ ];
  };
  evaluated = import (root + "/src/rknn_validation/facts/nix/expression/evaluate.nix") {
    nixpkgs = pkgs.path;
    asked = {
      flakes = { };
      requests.test = {
        subject = {
          root = toString root;
          home = null;
          host = null;
          module = file module;
          inherit option;
          overlays = map file overlays;
          imports = [ ];
          packages = [ ];
          specialArgs = { };
        };
        inherit (asked) settings config;
        system = "aarch64-linux";
        withSubject = true;
        force = [ ];
      };
    };
  };
  expectation = pkgs.writeText "rknn-${name}.json" (
    # Names of store paths, not references to them: what the node needs it has of its own.
    builtins.unsafeDiscardStringContext (
      builtins.toJSON {
        scenario = {
          name = scenario;
          boards = [ board ];
          system = "aarch64-linux";
          inherit (asked) stack settings config;
        };
        inherit board evaluation;
        client = lib.optionalString (asked.stack != "none") ("${client}/bin/npu-client");
        standIns = [
          "board: QEMU's virt machine under the board's device-tree identity, with NixOS's own kernel"
        ]
        ++ lib.optional (
          asked.stack == "vendor"
        ) "librknnrt.so: a stub that exports what the Python API calls and computes nothing"
        ++ lib.optional (
          asked.stack != "none"
        ) "the NPU's driver: simulated, binds and answers, computes nothing"
        ++ lib.optional (
          evaluation.results.test.failed or false
        ) "configuration: without those values that throw when they are evaluated";
      }
    )
  );

  cores = 2;
  memorySize = 2048;
  deviceTree = import ./device-tree.nix {
    inherit
      pkgs
      harness
      board
      cores
      memorySize
      ;
    # Of boards that have one. It is there, whether NPU support is switched on or off.
    npu = if asked.stack == "none" then "vendor" else asked.stack;
  };

  machine =
    { config, pkgs, ... }:
    {
      imports = [
        module
        { inherit (asked) config; }
        (lib.setAttrByPath option asked.settings)
      ];

      # The kernel's own rocket needs more of the silicon than a device tree can promise.
      boot.extraModulePackages = lib.optional (asked.stack == "mainline") (
        pkgs.rknn.driverFor config.boot.kernelPackages
      );
      # Computed in software, pointer authentication takes an emulated processor most of its time.
      boot.kernelParams = [ "arm64.nopauth" ];
      documentation.enable = false;

      virtualisation = {
        inherit cores memorySize;
        graphics = false;
        # An image and not the host's store: emulated, 9p is what a boot would wait for.
        useNixStoreImage = true;
        mountHostNixStore = false;
        additionalPaths = lib.optional (asked.stack != "none") client;
        qemu.options = [
          "-machine gic-version=3"
          "-dtb ${deviceTree}"
        ];
      };
    };
in
pkgs.testers.runNixOSTest {
  name = "rknn-${name}";

  node.pkgs = lib.mkForce guest;
  # The driver's own QEMU emulates the host's architecture alone.
  qemu.package = lib.mkIf (pkgs.stdenv.hostPlatform.system != "aarch64-linux") pkgs.qemu;
  # Faster with it, and right without.
  requiredFeatures.kvm = false;
  # Longer than the harness's own deadlines, which keep the report.
  globalTimeout = 2 * 60 * 60;

  extraPythonPackages = packages: [ (harness.module packages) ];

  nodes = { inherit machine; };

  testScript = ''
    from rknn_validation.suites.nixostest import run

    run(machine, "${expectation}", machine.out_dir)
  '';

  # For tests that have no nixpkgs to build them with.
  passthru = { inherit expectation deviceTree; };
}
