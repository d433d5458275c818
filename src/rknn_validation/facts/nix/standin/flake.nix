{
  description = "Stand-in for nixpkgs: a test double that evaluates NixOS modules without nixpkgs";

  outputs =
    { self }:
    let
      lib = (import ./lib).extend (
        _: _: {
          nixos = import ./nixos/lib { };
          nixosSystem =
            args:
            import ./nixos/lib/eval-config.nix (
              {
                lib = self.lib;
                system = null;
              }
              // args
            );
        }
      );
      systems = lib.systems.flakeExposed;
    in
    {
      inherit lib;
      legacyPackages = lib.genAttrs systems (system: import ./. { inherit system; });
      nixosModules = {
        notDetected = { };
        readOnlyPkgs = ./nixos/modules/misc/nixpkgs/read-only.nix;
      };
      checks = { };
    };
}
