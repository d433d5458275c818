# What a package's source is made of (`meta.sourceProvenance`).
{ lib }:
lib.mapAttrs (shortName: isSource: { inherit shortName isSource; }) {
  fromSource = true;
  binaryNativeCode = false;
  binaryBytecode = false;
  binaryFirmware = false;
}
