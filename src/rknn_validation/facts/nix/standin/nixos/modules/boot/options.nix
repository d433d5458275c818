# Kernel parameters at run time, /tmp, and boot loaders.
{ config, lib, ... }:

let
  inherit (lib) types;
  declare = import ../../lib/declare.nix { inherit lib; };
  number = types.oneOf [
    types.bool
    types.str
    types.int
  ];
  sysctlValue = number // {
    # The same value written in different ways is no conflict.
    merge =
      loc: defs:
      if lib.length (lib.unique (map (def: sysctlText def.value) defs)) == 1 then
        (lib.head defs).value
      else
        number.merge loc defs;
  };
  sysctlText = value: if value == false then "0" else toString value;
  # The largest value that any module asks for wins.
  largest = types.ints.unsigned // {
    merge = _: defs: lib.foldl' lib.max 0 (map (def: def.value) defs);
  };
in
{
  options.boot = {
    tmp.tmpfsSize = declare.either types.str types.ints.positive "50%";
    kernel.sysctl = declare.settings (types.attrsOf (types.nullOr sysctlValue)) (
      lib.genAttrs [ "net.core.rmem_max" "net.core.wmem_max" ] (_: declare.nullOr largest)
    );
    loader.grub.enable = declare.flag (!config.boot.isContainer);
    loader.systemd-boot.installDeviceTree = declare.flag (
      config.hardware.deviceTree.enable && config.hardware.deviceTree.name != null
    );
  };

  config.environment.etc."sysctl.d/60-nixos.conf".text = lib.concatStrings (
    lib.mapAttrsToList (
      name: value: lib.optionalString (value != null) "${name}=${sysctlText value}\n"
    ) config.boot.kernel.sysctl
  );
}
