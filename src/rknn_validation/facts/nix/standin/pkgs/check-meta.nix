# Packages that nixpkgs refuses to evaluate: unfree, broken, insecure, for another platform. And the completed `meta`.
{ lib, final }:
let
  hostPlatform = final.hostPlatform;
  licensesOf = attrs: lib.optionals (attrs ? meta.license) (lib.toList attrs.meta.license);
  isUnfree = lib.any (license: lib.isAttrs license && !(license.free or true) || license == "unfree");
  allowlisted = config: list: licenses: list != [ ] && licenses != [ ] && lib.all (license: lib.elem license list) licenses;
  mentions = list: licenses: lib.any (license: lib.elem license list) licenses;
  showLicense = license: if lib.isString license then license else license.shortName or license.fullName or "unknown";
in
{
  validity =
    {
      name,
      pos,
      attrs,
      stdenv,
    }:
    let
      given = attrs.meta or { };
      licenses = licensesOf attrs;
      unfree = isUnfree licenses;
      broken = given.broken or false;
      insecure = given.knownVulnerabilities or [ ] != [ ];
      unsupported = !lib.meta.availableOn stdenv.hostPlatform { meta = given; };
      where = if pos == null then "«unknown-file»" else "${pos.file}:${toString pos.line}";
      package = attrs // {
        inherit name;
        pname = attrs.pname or (lib.getName name);
      };
      refuse =
        reason: message:
        throw "Package ‘${name}’ in ${where} ${message}, refusing to evaluate.\n\n${hint reason}";
      hint =
        reason:
        {
          unfree = "a) To temporarily allow unfree packages, you can use an environment variable\n   for a single invocation of the nix tools.\n     $ export NIXPKGS_ALLOW_UNFREE=1\nb) For `nixos-rebuild` you can set { nixpkgs.config.allowUnfree = true; } in configuration.nix to override this.\n   Alternatively you can configure a predicate to allow specific packages: nixpkgs.config.allowUnfreePredicate";
          broken = "For `nixos-rebuild` you can set { nixpkgs.config.allowBroken = true; } in configuration.nix to override this.";
          unsupported = "For `nixos-rebuild` you can set { nixpkgs.config.allowUnsupportedSystem = true; } in configuration.nix to override this.";
          insecure = "You can install it anyway by allowing this package, using nixpkgs.config.permittedInsecurePackages.";
        }
        .${reason};
      # Null, or a function of nixpkgs' settings that throws if they do not allow the package.
      refusal =
        if unfree || broken || insecure || unsupported || final.config ? blocklistedLicenses then
          config:
          if
            unfree
            && !(config.allowUnfree or false)
            && !((config.allowUnfreePredicate or (_: false)) package)
            && !(allowlisted config (config.allowlistedLicenses or [ ]) licenses)
          then
            refuse "unfree" "has an unfree license (${lib.concatMapStringsSep ", " (license: "‘${showLicense license}’") licenses})"
          else if mentions (config.blocklistedLicenses or [ ]) licenses then
            refuse "unfree" "has a blocklisted license (${lib.concatMapStringsSep ", " (license: "‘${showLicense license}’") licenses})"
          else if broken && !(config.allowBroken or false) then
            refuse "broken" "is marked as broken"
          else if unsupported && !(config.allowUnsupportedSystem or false) then
            refuse "unsupported" "is not available on the requested hostPlatform:\n  hostPlatform.config = \"${hostPlatform.config}\"\n  package.meta.platforms = ${lib.generators.toPretty { multiline = false; } (given.platforms or [ ])}\n  package.meta.badPlatforms = ${lib.generators.toPretty { multiline = false; } (given.badPlatforms or [ ])}\n"
          else if insecure && !((config.allowInsecurePredicate or (_: false)) package) then
            refuse "insecure" "is marked as insecure"
          else
            true
        else
          null;
      outputs = attrs.outputs or [ "out" ];
    in
    {
      inherit refusal;
      meta = {
        inherit name;
        available = !(unfree || broken || insecure || unsupported);
        inherit
          broken
          insecure
          unfree
          unsupported
          ;
        outputsToInstall =
          given.outputsToInstall or [
            (lib.findFirst (output: lib.elem output outputs) (lib.head outputs) [
              "bin"
              "out"
            ])
          ];
      }
      // lib.optionalAttrs (pos != null) { position = where; }
      // given;
    };
}
