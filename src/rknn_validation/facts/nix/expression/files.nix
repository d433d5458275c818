# Files that a configuration installs: /etc, udev rules, tmpfiles.
{
  lib,
  try,
  filesOf,
  membersOf,
  nameOf,
}:

let
  ruleDirectories = [
    "lib/udev/rules.d"
    "etc/udev/rules.d"
  ];
  isRule = path: _: lib.any (directory: lib.hasPrefix "${directory}/" path) ruleDirectories;

  # The text of the file itself, or of what it links to.
  textOf =
    file:
    let
      source = file.source or null;
    in
    if file.text or null != null then
      file.text
    else if lib.isAttrs source && lib.isString (source.text or null) then
      source.text
    else if builtins.isPath source && lib.filesystem.pathIsRegularFile source then
      builtins.readFile source
    else
      null;
  etcFile = path: file: rec {
    inherit path;
    text = try.firmly null (textOf file);
    # Not evaluated where the text is known.
    source =
      if text != null || file.source or null == null then null else try.firmly null (toString file.source);
    mode = file.mode or "symlink";
    user = file.user or "+0";
    group = file.group or "+0";
  };

  # A directory of the subject that is used as a package.
  rulesInDirectory =
    path:
    lib.concatMap (
      directory:
      let
        here = path + "/${directory}";
      in
      if builtins.pathExists here then
        lib.mapAttrsToList (name: _: {
          inherit name;
          text = builtins.readFile (here + "/${name}");
          origin = toString path;
        }) (builtins.readDir here)
      else
        [ ]
    ) ruleDirectories;
  rulesIn =
    drv:
    let
      known = lib.filterAttrs isRule (filesOf drv);
      inner = lib.concatMap rulesIn (membersOf drv);
      name = nameOf drv;
    in
    if builtins.isPath drv then
      rulesInDirectory drv
    else if filesOf drv != { } then
      lib.mapAttrsToList (path: text: {
        name = baseNameOf path;
        inherit text;
        origin = drv.name or name;
      }) known
    else if inner != [ ] then
      inner
    else
      [
        {
          inherit name;
          text = null;
          origin = name;
        }
      ];

  # Lines of files in packages, except those that NixOS writes from its options.
  tmpfilesOf =
    settings: drv:
    lib.concatLists (
      lib.mapAttrsToList (
        path: text:
        let
          name = baseNameOf path;
        in
        lib.optionals (
          lib.hasSuffix ".conf" name && name != "00-nixos.conf" && !settings ? ${lib.removeSuffix ".conf" name}
        ) (lib.filter (line: line != "") (lib.splitString "\n" text))
      ) (filesOf drv)
      ++ map (tmpfilesOf settings) (membersOf drv)
    );
  fileSystem =
    name: one:
    lib.optional (one ? mountPoint && one.enable or true) {
      option = "fileSystems.${builtins.toJSON name}";
      where = one.mountPoint;
      what = toString (one.device or "");
      kind = one.fsType or "auto";
      options = map toString (one.options or [ ]);
      starts = !lib.elem "noauto" one.options || lib.elem "x-systemd.automount" one.options;
    };

  tmpfilesRule =
    path: type: one:
    lib.concatStringsSep " " [
      (one.type or type)
      path
      (one.mode or "-")
      (one.user or "-")
      (one.group or "-")
      (one.age or "-")
      (toString (one.argument or ""))
    ];
in
{
  etc = files: lib.mapAttrs etcFile (lib.filterAttrs (_: file: file.enable or true) files);
  udevRules = lib.concatMap (drv: try.firmly [ ] (rulesIn drv));
  tmpfilesLines = settings: lib.concatMap (drv: try.firmly [ ] (tmpfilesOf settings drv));
  fileSystems =
    all: lib.concatLists (lib.mapAttrsToList (name: one: try.firmly [ ] (fileSystem name one)) all);
  tmpfilesRules =
    settings:
    lib.concatLists (
      lib.mapAttrsToList (
        _: paths:
        lib.concatLists (lib.mapAttrsToList (path: lib.mapAttrsToList (tmpfilesRule path)) paths)
      ) settings
    );
}
