# Options that were renamed, removed or changed.
{ lib }:
let
  inherit (lib)
    attrByPath
    mkIf
    mkOption
    optional
    optionalAttrs
    setAttrByPath
    showFiles
    showOption
    ;
in
rec {
  mkRemovedOptionModule =
    path: replacement:
    { options, ... }:
    {
      options = setAttrByPath path (mkOption {
        visible = false;
        apply = _: throw "The option `${showOption path}' can no longer be used since it's been removed. ${replacement}";
      });
      config.assertions =
        let
          option = lib.getAttrFromPath path options;
        in
        [
          {
            assertion = !option.isDefined;
            message = ''
              The option definition `${showOption path}' in ${showFiles option.files} no longer has any effect; please remove it.
              ${replacement}
            '';
          }
        ];
    };
  mkRenamedOptionModule =
    from: to:
    doRename {
      inherit from to;
      visible = false;
      warn = true;
      use = builtins.trace "Obsolete option `${showOption from}' is used. It was renamed to `${showOption to}'.";
    };
  mkRenamedOptionModuleWith =
    {
      from,
      to,
      sinceRelease,
    }:
    doRename {
      inherit from to;
      visible = false;
      warn = lib.oldestSupportedReleaseIsAtLeast sinceRelease;
      use = lib.warnIf (lib.oldestSupportedReleaseIsAtLeast sinceRelease) "Obsolete option `${showOption from}' is used. It was renamed to `${showOption to}'.";
    };
  mkAliasOptionModule =
    from: to:
    doRename {
      inherit from to;
      visible = true;
      warn = false;
      use = lib.id;
    };
  mkAliasOptionModuleMD = mkAliasOptionModule;
  mkChangedOptionModule =
    from: to: change:
    mkMergedOptionModule [ from ] to change;
  mkMergedOptionModule =
    froms: to: merge:
    { config, options, ... }:
    {
      options = lib.foldl' lib.recursiveUpdate { } (
        map (
          path:
          setAttrByPath path (mkOption {
            visible = false;
            default = "_mkMergedOptionModule";
          })
        ) froms
      );
      config = lib.mkMerge [
        {
          warnings = lib.concatMap (
            path:
            let
              value = lib.getAttrFromPath path config;
              option = lib.getAttrFromPath path options;
            in
            optional (value != "_mkMergedOptionModule")
              "The option `${showOption path}' defined in ${showFiles option.files} has been changed to `${showOption to}' that has a different type. Please read `${showOption to}' documentation and update your configuration accordingly."
          ) froms;
        }
        (setAttrByPath to (
          lib.mkMerge (
            optional (lib.any (path: lib.getAttrFromPath path config != "_mkMergedOptionModule") froms) (merge config)
          )
        ))
      ];
    };
  doRename =
    {
      from,
      to,
      visible,
      warn,
      use,
      withPriority ? true,
      condition ? true,
    }:
    { config, options, ... }:
    let
      old = lib.getAttrFromPath from options;
      target = attrByPath to (abort "Renaming error: option `${showOption to}' does not exist.");
      # An attribute of a free-form set is no option, and has no type.
      type = (attrByPath to { } options).type or (lib.types.submodule { });
    in
    {
      options = setAttrByPath from (
        mkOption {
          inherit visible;
          description = "Alias of {option}`${showOption to}`.";
          apply = _: use (target config);
        }
        // optionalAttrs (type != null) { inherit type; }
      );
      config = mkIf condition (
        lib.mkMerge [
          (optionalAttrs (options ? warnings) {
            warnings =
              optional (warn && old.isDefined)
                "The option `${showOption from}' defined in ${showFiles old.files} has been renamed to `${showOption to}'.";
          })
          (
            if withPriority then
              lib.mkAliasAndWrapDefsWithPriority (setAttrByPath to) old
            else
              lib.mkAliasAndWrapDefinitions (setAttrByPath to) old
          )
        ]
      );
    };
}
