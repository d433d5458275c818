# What `nix flake check` asks: the fleet, the unit suite and, where they are present, the NixOS VM tests.
{
  pkgs,
  self,
  harness,
}:

let
  inherit (pkgs) lib;
  vmTests = ../../tests/nixos-vm/default.nix;
in
{
  hosts = import ./fleet.nix { inherit pkgs self; };

  inherit (harness) package;

  unit =
    pkgs.runCommand "rknn-validation-unit"
      {
        nativeBuildInputs = [ harness.python ] ++ harness.testTools;
      }
      ''
        # A tree it may write to, that git knows, and a Nix that needs neither daemon nor network.
        cp -r ${self} source
        chmod -R u+w source
        cd source
        git init --quiet
        git add --all
        export HOME=$TMPDIR NIX_STATE_DIR=$TMPDIR/nix NIX_LOG_DIR=$TMPDIR/nix
        python -m pytest -m unit -p no:cacheprovider --report "$out"
      '';
}
// lib.optionalAttrs (builtins.pathExists vmTests) (import vmTests { inherit pkgs self harness; })
