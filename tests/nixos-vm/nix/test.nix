# A NixOS test of one machine.
{ pkgs, harness }:
{
  name,
  # A name in scenarios.nix.
  scenario,
  # A name in npu/boards.py.
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

  # The guest's packages are built natively for aarch64, by a binary cache or another builder.
  guest = import pkgs.path {
    system = "aarch64-linux";
    overlays = map import overlays;
    config.allowUnfreePredicate = package: lib.getName package == "rknn-toolkit-lite2";
  };
  inherit (guest.callPackage (root + "/src/rknn_validation/machine/nixos/programs.nix") { }) client;

  # What the node is expected to be: the scenario, evaluated by the harness's own expression. Values that throw and that
  # no build needs are left out; a scenario that does not evaluate at all is an error.
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
    # Names of store paths, not references to them: the node has what it needs.
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
    # The board has its NPU whether or not NPU support is enabled.
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

      # The kernel's own rocket needs the silicon itself.
      boot.extraModulePackages = lib.optional (asked.stack == "mainline") (
        pkgs.rknn.driverFor config.boot.kernelPackages
      );
      # An emulated processor spends most of its time on pointer authentication.
      boot.kernelParams = [ "arm64.nopauth" ];
      documentation.enable = false;

      virtualisation = {
        inherit cores memorySize;
        graphics = false;
        # An image in place of the host's store: 9p is too slow under emulation.
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
  # The test driver's own QEMU only emulates the host's architecture.
  qemu.package = lib.mkIf (pkgs.stdenv.hostPlatform.system != "aarch64-linux") pkgs.qemu;
  # KVM makes the test faster, but is not needed.
  requiredFeatures.kvm = false;
  # Longer than the harness's own deadlines, after which there still is a report.
  globalTimeout = 2 * 60 * 60;

  extraPythonPackages = packages: [ (harness.module packages) ];

  nodes = { inherit machine; };

  testScript = ''
    from rknn_validation.suites.nixostest import run

    run(machine, "${expectation}", machine.out_dir)
  '';

  # For the harness's tests, which have no nixpkgs to build with.
  passthru = { inherit expectation deviceTree; };
}
