# Well-known packages, as stubs: the right name, a plausible version, nothing to build.
{ lib, final }:
let
  # Some have a known version, and some a main program.
  known = lib.importJSON ./data/packages.json;
  stub =
    pname:
    final.makeStub {
      inherit pname;
      version = known.versions.${pname} or "1.0";
      mainProgram = known.programs.${pname} or null;
    };
in
lib.genAttrs known.names stub
// {
  utillinux = final.util-linux;
  # A package of nixpkgs, for evaluation. It is not instantiated and has a made-up store path, unless it is overridden
  # or has platforms or a licence. All outputs are the package itself.
  makeStub =
    {
      pname,
      version,
      mainProgram ? null,
      passthru ? { },
      platforms ? lib.platforms.all,
      license ? lib.licenses.mit,
      name ? "${pname}-${version}",
      propagatedBuildInputs ? [ ],
    }@args:
    let
      meta = {
        description = "Stand-in for the package ${pname}";
        homepage = "https://example.org/${pname}";
        inherit platforms license;
      }
      // (if mainProgram == null then { } else { inherit mainProgram; });
      full = final.stdenv.mkDerivation (
        {
          inherit
            pname
            version
            meta
            propagatedBuildInputs
            ;
          passthru = {
            isStub = true;
          }
          // passthru;
        }
        // (if args ? name then { inherit name; } else { })
      );
      hash = builtins.substring 0 32 (
        # Store paths know no letter e.
        builtins.replaceStrings [ "e" ] [ "z" ] (builtins.hashString "sha256" "${name} ${final.system}")
      );
      outPath = "${builtins.storeDir}/${hash}-${name}";
      stub = {
        type = "derivation";
        inherit
          name
          pname
          version
          outPath
          propagatedBuildInputs
          ;
        inherit (final) system stdenv;
        drvPath = "${outPath}.drv";
        outputName = "out";
        outputs = [ "out" ];
        all = [ stub ];
        buildInputs = [ ];
        nativeBuildInputs = [ ];
        out = stub;
        dev = stub;
        lib = stub;
        bin = stub;
        man = stub;
        doc = stub;
        drivers = stub;
        opencl = stub;
        isStub = true;
        inherit passthru;
        inherit (full) overrideAttrs drvAttrs;
        override = _: stub;
        overrideDerivation = f: (full.overrideAttrs f);
        meta = {
          inherit name;
          available = true;
          broken = false;
          insecure = false;
          unfree = false;
          unsupported = false;
          outputsToInstall = [ "out" ];
          position = "${toString ./stubs.nix}:1";
        }
        // meta;
      }
      // passthru;
    in
    if args ? platforms || args ? license then stub // full else stub;
}
