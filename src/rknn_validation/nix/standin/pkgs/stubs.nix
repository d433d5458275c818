# Well-known packages, as stubs: the right name, a plausible version, nothing to build.
# data/packages.json: attribute -> version, or [ version mainProgram pname? ].
{ lib, final }:
let
  stub =
    attribute: facts:
    let
      list = lib.toList facts;
      version = lib.head list;
      mainProgram = if lib.length list > 1 then lib.elemAt list 1 else null;
      pname = if lib.length list > 2 then lib.elemAt list 2 else attribute;
    in
    final.makeStub {
      inherit pname version mainProgram;
    };
in
lib.mapAttrs stub (lib.importJSON ./data/packages.json)
// {
  # A package of nixpkgs, as far as evaluation is concerned. Any output a module may name exists.
  makeStub =
    {
      pname,
      version,
      mainProgram ? null,
      passthru ? { },
      outputs ? [ "out" ],
      platforms ? lib.platforms.all,
      license ? lib.licenses.mit,
      ...
    }@args:
    lib.makeOverridable (
      _:
      let
        package = final.stdenv.mkDerivation (
          {
            inherit pname version outputs;
            meta = {
              description = "Stand-in for the package ${pname}";
              homepage = "https://example.org/${pname}";
              inherit platforms license;
            }
            // lib.optionalAttrs (mainProgram != null) { inherit mainProgram; };
            passthru = {
              isStub = true;
            }
            // passthru;
          }
          // removeAttrs args [
            "pname"
            "version"
            "mainProgram"
            "passthru"
            "outputs"
            "platforms"
            "license"
          ]
        );
        # Stubs have one output; the usual names for others lead to it.
        others = lib.genAttrs [
          "dev"
          "lib"
          "bin"
          "man"
          "doc"
        ] (_: package);
      in
      others // package
    ) { };
}
