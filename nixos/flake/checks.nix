# What `nix flake check` builds: the fleet, the package and the unit suite; on aarch64 the NixOS VM tests as well, whose
# guests are aarch64 machines. All checks are built for the system that they run on.
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
        # A writable Git tree, and a Nix without daemon and network.
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
