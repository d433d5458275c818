# The package set: builders, fetchers, kernels, Python, and stubs for well-known packages.
{
  lib,
  localSystem,
  crossSystem,
  config,
  overlays,
}:
let
  buildPlatform = lib.systems.elaborate localSystem;
  hostPlatform = if crossSystem == null then buildPlatform else lib.systems.elaborate crossSystem;
  isCross = crossSystem != null && !lib.systems.equals buildPlatform hostPlatform;
  settings = {
    allowAliases = true;
    allowUnfree = false;
    allowBroken = false;
    allowUnsupportedSystem = false;
    allowInsecurePredicate = package: lib.elem (package.name or "") (config.permittedInsecurePackages or [ ]);
  }
  // (if lib.isFunction config then config { pkgs = final; } else config);
  base =
    final:
    let
      load = file: import file { inherit lib final; };
      own = {
        inherit lib;
        _type = "pkgs";
        pkgs = final;
        config = settings;
        # A string, because a path would be copied into the store.
        path = toString ../.;
        inherit overlays;
        system = hostPlatform.system;
        inherit buildPlatform hostPlatform;
        targetPlatform = hostPlatform;
        # Only the stand-in sets it.
        isStandin = true;
        callPackage = final.newScope { };
        callPackages = lib.callPackagesWith final;
        newScope = extra: lib.callPackageWith (final // extra);
        makeScopeWithSplicing' = lib.makeScopeWithSplicing';
        extend = overlay: final.appendOverlays [ overlay ];
        appendOverlays =
          extra:
          if extra == [ ] then
            final
          else
            import ./. {
              inherit
                lib
                localSystem
                crossSystem
                config
                ;
              overlays = overlays ++ extra;
            };
        buildPackages = if isCross then native else final;
        pkgsBuildBuild = final.buildPackages;
        pkgsBuildHost = final.buildPackages;
        pkgsBuildTarget = final.buildPackages;
        pkgsHostHost = final;
        pkgsHostTarget = final;
        pkgsTargetTarget = final;
        targetPackages = final;
        pkgsCross = lib.mapAttrs (_: crossSystem: again { inherit crossSystem; }) lib.systems.examples;
        pkgsStatic = final;
        pkgsMusl = final;
        pkgsi686Linux = again { localSystem.system = "i686-linux"; };
        pkgsLLVM = final;
        splicedPackages = final;
        inherit (lib) recurseIntoAttrs dontRecurseIntoAttrs;
      };
      native = again { crossSystem = null; };
      again =
        change:
        import ./. (
          {
            inherit
              lib
              localSystem
              crossSystem
              config
              overlays
              ;
          }
          // change
        );
    in
    load ./stubs.nix
    // load ./aliases.nix
    // own
    // load ./stdenv.nix
    // load ./fetchers.nix
    // load ./trivial-builders.nix
    // load ./writers.nix
    // load ./hooks.nix
    // load ./python.nix
    // load ./kernels.nix
    // load ./languages.nix
    // load ./nixos-helpers.nix;
  final = lib.fix (lib.foldl' (f: overlay: lib.extends overlay f) base overlays);
in
final
