# Maintainers. The real list has thousands of names; a few common ones are enough for `lib.maintainers.x` to be
# tried out. A name that is not here is looked up leniently by the packages' own `meta`, see pkgs/stdenv.
{ lib }:
lib.genAttrs (import ./data/maintainers.nix) (name: {
  github = name;
  githubId = 0;
  inherit name;
})
