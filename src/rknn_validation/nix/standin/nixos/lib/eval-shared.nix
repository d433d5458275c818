# Evaluates many NixOS configurations that have a machine in common: what none of them changes is evaluated once.
# The results are those of eval-config.nix; where that is not certain, a configuration throws instead.
{
  lib,
  # A module of what all configurations have in common, with `_file`: platform and overlays.
  machine,
  # The file the modules are written in, as eval-config.nix finds it.
  modulesLocation,
}:
let
  modulesPath = toString ../modules;
  baseModules = import ../modules/module-list.nix;
  base = import ./shared/base.nix {
    inherit
      lib
      baseModules
      machine
      modulesPath
      ;
    platform = {
      _file = toString ./eval-config.nix;
      config._module = {
        args = {
          inherit baseModules;
          extraModules = [ ];
        };
        check = lib.mkDefault true;
      };
    };
  };
in
{
  inherit (base) config options pkgs;
  extend =
    modules:
    import ./shared/request.nix {
      inherit lib base modulesPath;
      modules = map (lib.locateModule modulesLocation) modules;
      alone = import ./eval-config.nix {
        system = null;
        inherit lib modulesLocation;
        modules = [ machine ] ++ modules;
      };
    };
}
