# A few maintainers and teams, in place of nixpkgs' thousands.
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
