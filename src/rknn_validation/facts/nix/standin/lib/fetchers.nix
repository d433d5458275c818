# Hashes as fetchers take them.
{ lib }:
rec {
  fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  fakeSha256 = lib.strings.replicate 64 "0";
  fakeSha512 = lib.strings.replicate 128 "0";
  proxyImpureEnvVars = [
    "http_proxy"
    "https_proxy"
    "ftp_proxy"
    "all_proxy"
    "no_proxy"
    "HTTP_PROXY"
    "HTTPS_PROXY"
    "FTP_PROXY"
    "ALL_PROXY"
    "NO_PROXY"
  ];
  normalizeHash =
    {
      hashTypes ? [ "sha256" ],
      required ? true,
    }:
    args:
    let
      given = lib.filter (name: (args.${name} or null) != null) ([ "hash" ] ++ hashTypes);
      algorithm = lib.head given;
    in
    if given == [ ] then
      if required then throw "fetcher called without `hash`" else args
    else if lib.length given > 1 then
      throw "multiple hashes passed: ${lib.concatStringsSep ", " given}"
    else
      removeAttrs args ([ "hash" ] ++ hashTypes)
      // (
        if algorithm == "hash" then
          {
            outputHash = if args.hash == "" then fakeHash else args.hash;
            outputHashAlgo = null;
          }
        else
          {
            outputHash = if args.${algorithm} == "" then lib.${"fake${lib.toSentenceCase algorithm}"} else args.${algorithm};
            outputHashAlgo = algorithm;
          }
      );
  withNormalizedHash =
    settings: fetcher:
    lib.setFunctionArgs (args: fetcher (normalizeHash settings args)) (
      removeAttrs (lib.functionArgs fetcher) [
        "outputHash"
        "outputHashAlgo"
      ]
      // { hash = true; }
      // lib.genAttrs (settings.hashTypes or [ "sha256" ]) (_: true)
    );
}
