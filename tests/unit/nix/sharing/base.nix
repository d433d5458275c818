# What kind of value every option of the base machine has: evaluated with all of a configuration at hand, and with what
# is listed for each module.
{ standin }:
let
  lib = import (standin + "/lib");
  machine = {
    _file = "the machine";
    nixpkgs.hostPlatform = "aarch64-linux";
  };
  whole = import (standin + "/nixos/lib/eval-config.nix") {
    system = null;
    modules = [ machine ];
  };
  shared = import (standin + "/nixos/lib/eval-shared.nix") {
    inherit lib machine;
    modulesLocation = toString ./base.nix;
  };
  kindOf =
    option:
    let
      tried = builtins.tryEval option.value;
      value = tried.value;
    in
    if !tried.success then
      "throws"
    else if lib.isAttrs value && !lib.isDerivation value then
      lib.attrNames value
    else if lib.isList value then
      lib.length value
    else if lib.isFunction value || lib.isDerivation value then
      builtins.typeOf value
    else
      toString value;
  kinds =
    options:
    lib.listToAttrs (
      map (option: lib.nameValuePair (lib.showOption option.loc) (kindOf option)) (lib.collect lib.isOption options)
    );
in
{
  whole = kinds (removeAttrs whole.options [ "_module" ]);
  shared = kinds shared.options;
}
