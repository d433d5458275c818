{
  description = "NPU support for RK3588 nodes on NixOS, and the harness that tells whether it works";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;

      # Where the harness and its tests run. The nodes' packages are for aarch64-linux alone.
      systems = [
        "aarch64-linux"
        "x86_64-linux"
      ];
      forEachSystem =
        make:
        lib.genAttrs systems (
          system:
          make (
            import nixpkgs {
              inherit system;
              overlays = [ self.overlays.default ];
              config.allowUnfreePredicate =
                package:
                lib.elem (lib.getName package) [
                  "rknn-runtime"
                  "rknn-toolkit-lite2"
                ];
            }
          )
        );
      harnessFor = pkgs: pkgs.callPackage ./nixos/flake/harness.nix { inherit self; };
      nixosTestsFor =
        pkgs:
        let
          tests = ./tests/nixos-vm/default.nix;
        in
        lib.optionalAttrs (builtins.pathExists tests) (
          import tests {
            inherit pkgs self;
            harness = harnessFor pkgs;
          }
        );
    in
    {
      overlays = import ./nixos/flake/overlays.nix { inherit lib; };

      nixosModules = import ./nixos/flake/modules.nix {
        inherit lib;
        overlay = self.overlays.default;
      };

      nixosConfigurations = lib.mapAttrs (_: lib.nixosSystem) (
        import ./nixos/hosts {
          inherit lib;
          common = [ self.nixosModules.default ];
        }
      );

      packages = forEachSystem (
        pkgs:
        let
          harness = harnessFor pkgs;
        in
        {
          default = harness.package;
          rknn-validation = harness.package;
        }
        // lib.optionalAttrs pkgs.stdenv.hostPlatform.isAarch64 {
          rknn-runtime = pkgs.rknn.runtime;
          rknn-toolkit-lite = pkgs.rknn.toolkit-lite;
          rknn-python = pkgs.rknn.python;
          rknn-driver = pkgs.rknn.driverFor pkgs.linuxKernel.packages.linux_6_18;
        }
        # Evaluated by `nix flake check`, built when asked for: on x86_64, too, their guests are aarch64.
        // lib.mapAttrs' (name: lib.nameValuePair "nixos-test-${name}") (nixosTestsFor pkgs)
        // lib.optionalAttrs (pkgs.rknn ? diagnostics) { rknn-diagnostics = pkgs.rknn.diagnostics; }
        // lib.optionalAttrs pkgs.stdenv.hostPlatform.isAarch64 (
          import ./nixos/flake/guests.nix {
            inherit lib;
            hosts = self.nixosConfigurations;
          }
        )
      );

      apps = forEachSystem (
        pkgs:
        let
          validate = {
            type = "app";
            program = lib.getExe (harnessFor pkgs).package;
            meta.description = "Judge the NPU support of a NixOS configuration";
          };
        in
        {
          default = validate;
          inherit validate;
        }
      );

      checks = forEachSystem (
        pkgs:
        import ./nixos/flake/checks.nix {
          inherit pkgs self;
          harness = harnessFor pkgs;
          nixosTests = nixosTestsFor pkgs;
        }
      );

      devShells = forEachSystem (pkgs: {
        default = (harnessFor pkgs).shell;
      });

      formatter = forEachSystem (pkgs: pkgs.nixfmt-tree);
    };
}
