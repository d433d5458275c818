# pkgs.writers: scripts in many languages. Their text stays an attribute, as with writeTextFile.
{ lib, final }:
let
  # Names may be paths (/bin/name) as well.
  write =
    shebang: inputs: nameOrPath: text:
    let
      isPath = lib.hasPrefix "/" nameOrPath;
    in
    final.writeTextFile {
      name = lib.last (lib.splitString "/" nameOrPath);
      executable = true;
      destination = lib.optionalString isPath nameOrPath;
      text = "${shebang}\n${if builtins.isPath text then builtins.readFile text else text}";
      # For the harness: the packages of its interpreter.
      derivationArgs.runtimeInputs = inputs;
    };
  isScript = value: lib.isString value || builtins.isPath value;
  # Writers take the script, or a set of settings and then the script.
  withSettings =
    writer: nameOrPath: given:
    if isScript given then writer nameOrPath { } given else writer nameOrPath given;

  scripts = {
    bash = "#!${final.bash}/bin/bash";
    dash = "#!${final.dash}/bin/dash";
    fish = "#!${final.fish}/bin/fish --no-config";
    jq = "#!${final.jq}/bin/jq -f";
    nu = "#!${final.nushell}/bin/nu --no-config-file";
  };
  scriptWriter =
    shebang:
    withSettings (
      nameOrPath:
      { check ? "", makeWrapperArgs ? [ ] }:
      write shebang [ ] nameOrPath
    );

  makePythonWriter =
    python: pythonPackages: _buildPythonPackages: nameOrPath:
    {
      libraries ? [ ],
      flakeIgnore ? [ ],
      makeWrapperArgs ? [ ],
      doCheck ? true,
    }:
    let
      chosen = if lib.isFunction libraries then libraries pythonPackages else libraries;
      interpreter = if chosen == [ ] then python else python.withPackages (_: chosen);
    in
    write "#!${interpreter}/bin/python" [ interpreter ] nameOrPath;
  pythonWriter =
    python:
    withSettings (makePythonWriter python python.pkgs python.pkgs);

  named = lib.mapAttrs' (
    name: shebang: lib.nameValuePair "write${lib.toSentenceCase name}" (scriptWriter shebang)
  ) scripts;
  pythons = {
    writePython3 = pythonWriter final.python3;
  };
  inBin = lib.mapAttrs' (
    name: writer: lib.nameValuePair "${name}Bin" (program: writer "/bin/${program}")
  ) (named // pythons);
in
{
  writers =
    named
    // pythons
    // inBin
    // {
      inherit makePythonWriter;
      makeScriptWriter =
        { interpreter, ... }: scriptWriter "#!${interpreter}";
      writeJSON = name: value: final.writeText name (builtins.toJSON value);
      writeYAML = name: value: final.writeText name (builtins.toJSON value);
      writeTOML = name: value: (final.formats.toml { }).generate name value;
    };
}
