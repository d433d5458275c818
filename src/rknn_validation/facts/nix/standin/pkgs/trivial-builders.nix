# Text files, scripts, symlink farms. `text`, `destination`, `paths` stay visible, as they do in nixpkgs.
{ lib, final }:
let
  inherit (final) stdenv stdenvNoCC;
  script =
    name: destination: shell: text:
    final.writeTextFile {
      inherit name destination;
      executable = true;
      text = "#!${shell}\n${text}";
      meta.mainProgram = name;
    };
in
{
  runCommandWith =
    {
      name,
      stdenv ? stdenvNoCC,
      runLocal ? false,
      derivationArgs ? { },
    }:
    buildCommand:
    stdenv.mkDerivation (
      {
        enableParallelBuilding = true;
        inherit buildCommand name;
        passAsFile = [ "buildCommand" ] ++ (derivationArgs.passAsFile or [ ]);
      }
      // removeAttrs derivationArgs [ "passAsFile" ]
    );
  runCommand =
    name: env: buildCommand:
    final.runCommandWith {
      inherit name;
      derivationArgs = env;
    } buildCommand;
  runCommandLocal = final.runCommand;
  runCommandCC = final.runCommand;

  writeTextFile =
    {
      name ? pname,
      pname ? "text",
      text,
      executable ? false,
      destination ? "",
      checkPhase ? "",
      meta ? { },
      passthru ? { },
      allowSubstitutes ? false,
      preferLocalBuild ? true,
      derivationArgs ? { },
    }:
    assert lib.assertMsg (destination == "" || lib.hasPrefix "/" destination) ''
      destination must be an absolute path, relative to the derivation's out path,
      got '${destination}' instead.

      Ensure that the path starts with a / and specifies at least the filename.
    '';
    final.runCommand name (
      {
        inherit
          text
          executable
          checkPhase
          allowSubstitutes
          preferLocalBuild
          destination
          passthru
          ;
        passAsFile = [ "text" ];
        meta =
          lib.optionalAttrs (executable && lib.hasPrefix "/bin/" destination) {
            mainProgram = lib.removePrefix "/bin/" destination;
          }
          // meta;
      }
      // derivationArgs
    ) "write text to $out$destination";
  writeText =
    name: text:
    assert lib.assertMsg (lib.strings.isConvertibleWithToString text)
      ''writeText "${name}": text should be a string, but it's a ${builtins.typeOf text} instead.'';
    final.writeTextFile { inherit name text; };
  writeTextDir =
    path: text:
    final.writeTextFile {
      name = baseNameOf path;
      destination = "/${path}";
      inherit text;
    };
  writeScript =
    name: text:
    final.writeTextFile {
      inherit name text;
      executable = true;
    };
  writeScriptBin =
    name: text:
    final.writeTextFile {
      inherit name text;
      executable = true;
      destination = "/bin/${name}";
    };
  writeShellScript = name: text: script name "" "${final.bash}/bin/bash" text;
  writeShellScriptBin = name: text: script name "/bin/${name}" "${final.bash}/bin/bash" text;
  writeShellApplication =
    {
      name,
      text,
      runtimeInputs ? [ ],
      runtimeEnv ? null,
      meta ? { },
      passthru ? { },
      checkPhase ? null,
      excludeShellChecks ? [ ],
      extraShellCheckFlags ? [ ],
      bashOptions ? [
        "errexit"
        "nounset"
        "pipefail"
      ],
      derivationArgs ? { },
      inheritPath ? true,
    }:
    final.writeTextFile {
      inherit name meta passthru;
      executable = true;
      destination = "/bin/${name}";
      allowSubstitutes = true;
      preferLocalBuild = false;
      derivationArgs = derivationArgs // {
        # For the harness: the programs on its PATH.
        inherit runtimeInputs;
      };
      text =
        "#!${final.bash}/bin/bash\n"
        + lib.concatMapStrings (option: "set -o ${option}\n") bashOptions
        + lib.optionalString (runtimeEnv != null) (
          lib.concatStrings (
            lib.mapAttrsToList (variable: value: "${lib.toShellVar variable value}\nexport ${variable}\n") runtimeEnv
          )
        )
        + lib.optionalString (runtimeInputs != [ ]) ''

          export PATH="${lib.makeBinPath runtimeInputs}${lib.optionalString inheritPath ":$PATH"}"
        ''
        + "\n${text}\n";
    };
  concatTextFile = { name, files, ... }: final.runCommand name { inherit files; } "cat $files > $out";
  concatText = name: files: final.concatTextFile { inherit name files; };
  concatScript = final.concatText;
  replaceVars = src: replacements: final.replaceVarsWith { inherit src replacements; };
  replaceVarsWith =
    { src, replacements, ... }@args:
    final.runCommand (args.name or (baseNameOf (toString src))) {
      inherit src;
      passthru = { inherit replacements; };
    } "substitute";
  substitute = args: final.runCommand (args.name or (baseNameOf (toString args.src))) { inherit (args) src; } "substitute";
  substituteAll = args: final.substitute args;
  substituteAllFiles = args: final.runCommand (args.name or "files") { inherit (args) src; } "substitute";
  applyPatches =
    { src, patches ? [ ], ... }@args:
    stdenvNoCC.mkDerivation (
      {
        name = args.name or "${src.name or "source"}-patched";
        inherit src patches;
        installPhase = "cp -R ./ $out";
      }
      // removeAttrs args [ "name" ]
    );
  srcOnly = attrs: attrs.src or attrs;
  copyPathToStore = builtins.filterSource (_: _: true);
  copyPathsToStore = map (builtins.filterSource (_: _: true));
  writeReferencesToFile = path: final.runCommand "runtime-deps" { graph = path; } "graph";
  writeClosure = paths: final.runCommand "runtime-deps" { inherit paths; } "graph";
  closureInfo = { rootPaths }: final.runCommand "closure-info" { inherit rootPaths; } "graph";
  linkFarm =
    name: entries:
    let
      list =
        if lib.isAttrs entries then
          lib.mapAttrsToList (name: path: { inherit name path; }) entries
        else
          entries;
    in
    final.runCommand name {
      passthru.entries = lib.listToAttrs (map (entry: lib.nameValuePair entry.name entry.path) list);
      links = lib.concatMapStrings (entry: "${entry.name} -> ${entry.path}\n") list;
    } "link";
  linkFarmFromDrvs =
    name: drvs:
    final.linkFarm name (
      map (drv: {
        inherit (drv) name;
        path = drv;
      }) drvs
    );
  symlinkJoin =
    args:
    let
      name = args.name or "${args.pname}-${args.version}";
    in
    stdenvNoCC.mkDerivation (
      {
        inherit name;
        buildCommand = "mkdir -p $out; link ${name}\n${args.postBuild or ""}";
        passAsFile = [
          "buildCommand"
          "paths"
        ];
      }
      // removeAttrs args [
        "name"
        "stripPrefix"
        "failOnMissing"
      ]
      // {
        passthru = (args.passthru or { }) // {
          inherit (args) paths;
        };
      }
    );
  buildEnv = lib.makeOverridable (
    {
      name ? "${pname}-${version}",
      pname ? "env",
      version ? "0",
      paths,
      pathsToLink ? [ "/" ],
      extraOutputsToInstall ? [ ],
      ignoreCollisions ? false,
      checkCollisionContents ? true,
      postBuild ? "",
      meta ? { },
      passthru ? { },
      nativeBuildInputs ? [ ],
      buildInputs ? [ ],
      manifest ? "",
      ...
    }:
    stdenvNoCC.mkDerivation {
      inherit
        name
        pathsToLink
        postBuild
        ignoreCollisions
        nativeBuildInputs
        buildInputs
        meta
        ;
      buildCommand = "link ${toString paths}";
      passthru = passthru // {
        inherit paths;
      };
    }
  );
  mkRecursiveBuildEnv = final.buildEnv;
  buildFHSEnv =
    args:
    stdenv.mkDerivation {
      name = args.name or "${args.pname}-${args.version or "0"}";
      meta = args.meta or { };
      buildCommand = "fhs";
      runScript = toString (args.runScript or "bash");
      passthru = (args.passthru or { }) // {
        paths =
          lib.optionals (args ? targetPkgs) (args.targetPkgs final)
          ++ lib.optionals (args.multiPkgs or null != null) (args.multiPkgs final);
      };
    };
  buildFHSUserEnv = final.buildFHSEnv;
  buildFHSEnvBubblewrap = final.buildFHSEnv;
  testers = {
    runNixOSTest =
      test:
      (import ../nixos/lib/testing { inherit lib; hostPkgs = final; }).runTest {
        imports = [ test ];
        node.pkgs = lib.mkDefault final;
      };
    nixosTest = final.testers.runNixOSTest;
    testVersion = args: final.runCommand "test-version" { } "true";
    invalidateFetcherByDrvHash = f: f;
  };
  ensureNewerSourcesHook = { year ? "1980" }: final.makeSetupHook { name = "ensure-newer-sources-hook"; } "";
  formats = import ./formats.nix { inherit lib final; };
  dockerTools =
    let
      image =
        args:
        stdenv.mkDerivation {
          name = args.name or "image";
          buildCommand = "image";
          passthru = {
            imageName = args.name or "image";
            imageTag = args.tag or "latest";
            paths = lib.toList (args.contents or args.copyToRoot or [ ]);
          };
        };
    in
    {
      buildImage = image;
      buildLayeredImage = image;
      streamLayeredImage = image;
      pullImage =
        args:
        final.fetchurl {
          name = "docker-image-${lib.replaceStrings [ "/" ":" ] [ "-" "-" ] args.imageName}.tar";
          url = "docker://${args.imageName}@${args.imageDigest or ""}";
          sha256 = args.sha256 or "";
        };
      binSh = final.makeStub { pname = "bin-sh"; version = "0"; };
      caCertificates = final.makeStub { pname = "ca-certificates"; version = "0"; };
      fakeNss = final.makeStub { pname = "fake-nss"; version = "0"; };
      usrBinEnv = final.makeStub { pname = "usr-bin-env"; version = "0"; };
    };
}
