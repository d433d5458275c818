# Maintainers and teams. The real lists have thousands of names; a few common ones are enough for `lib.maintainers.x` to
# be tried out.
{ lib }:
let
  known = lib.importJSON ./data/people.json;
in
{
  maintainers = lib.genAttrs known.maintainers (name: {
    github = name;
    githubId = 0;
    inherit name;
  });
  teams = lib.genAttrs known.teams (name: {
    shortName = name;
    members = [ ];
    scope = name;
  });
}
