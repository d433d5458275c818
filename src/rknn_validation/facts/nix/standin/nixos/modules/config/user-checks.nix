# What follows from users: their packages, and what NixOS refuses.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.users;
in
{
  config = {
    environment.etc = lib.mapAttrs' (
      _: one:
      lib.nameValuePair "profiles/per-user/${one.name}" {
        source = pkgs.buildEnv {
          name = "user-environment";
          paths = one.packages;
        };
      }
    ) (lib.filterAttrs (_: one: one.packages != [ ]) cfg.users);

    assertions = lib.concatLists (
      lib.mapAttrsToList (name: one: [
        {
          # A number below 1000 says as well that it is no person's account.
          assertion =
            one.isSystemUser != one.isNormalUser
            || (!one.isSystemUser && one.uid != null && one.uid < 1000);
          message = ''
            Exactly one of users.users.${name}.isSystemUser and users.users.${name}.isNormalUser must be set.
          '';
        }
        {
          assertion = one.group != "";
          message = ''
            users.users.${name}.group is unset. This used to default to
            nogroup, but this is unsafe. For example you can create a group
            for this user with:
            users.users.${name}.group = "${name}";
            users.groups.${name} = {};
          '';
        }
      ]) (lib.filterAttrs (_: one: one.enable) cfg.users)
    );
  };
}
