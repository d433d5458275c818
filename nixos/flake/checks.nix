# What `nix flake check` builds: the fleet, the package and the unit suite, everywhere; on aarch64, whose machines their
# guests are, the NixOS VM tests too. Nothing here is for another system than the one that builds it.
{
  pkgs,
  self,
  harness,
  # By name.
  nixosTests,
}:

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
// pkgs.lib.optionalAttrs pkgs.stdenv.hostPlatform.isAarch64 nixosTests
