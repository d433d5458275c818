# Fetchers: fixed-output derivations that remember where the source comes from.
{ lib, final }:
let
  algorithms = [
    "sha1"
    "sha256"
    "sha512"
    "md5"
    "blake3"
  ];
  hashOf =
    what: args:
    let
      named = lib.filter (name: (args.${name} or null) != null && args.${name} != "") algorithms;
    in
    if args.hash or "" != "" && args.hash or null != null then
      {
        outputHash = args.hash;
        outputHashAlgo = null;
      }
    else if args.outputHash or null != null && args.outputHash != "" then
      {
        inherit (args) outputHash;
        outputHashAlgo = args.outputHashAlgo or null;
      }
    else if named != [ ] then
      {
        outputHash = args.${lib.head named};
        outputHashAlgo = lib.head named;
      }
    else if args ? hash || lib.any (name: args ? ${name}) algorithms then
      {
        # With an empty hash, nixpkgs fails when it fetches, and prints the hash.
        outputHash = lib.fakeHash;
        outputHashAlgo = null;
      }
    else
      throw "${what} requires a hash for fixed-output derivation: ${lib.concatStringsSep " " (args.urls or [ ])}";
  # The derivation of every fetcher.
  fixed =
    {
      fetcher,
      name,
      urls,
      args,
      recursive ? false,
      passthru ? { },
      meta ? { },
    }:
    let
      hash = hashOf fetcher (args // { inherit urls; });
    in
    final.stdenvNoCC.mkDerivation (
      {
        name = args.name or (if name == "" then "source" else name);
        inherit urls;
        url = if urls == [ ] then "" else lib.head urls;
        outputHashMode = if recursive then "recursive" else "flat";
        inherit (hash) outputHash;
        preferLocalBuild = true;
        passthru = {
          inherit fetcher;
          hash = hash.outputHash;
        }
        // passthru
        // (args.passthru or { });
        inherit meta;
      }
      // lib.optionalAttrs (hash.outputHashAlgo != null) { inherit (hash) outputHashAlgo; }
      // lib.optionalAttrs (args ? postFetch) { inherit (args) postFetch; }
    );
  baseName = url: lib.last (lib.splitString "/" (lib.head (lib.splitString "?" (toString url))));
  urlsOf =
    what: args:
    if args ? urls && args ? url then
      throw "${what}: only one of url and urls can be set"
    else
      args.urls or (
        if args ? url then
          if lib.isString args.url then [ args.url ] else throw "`url` is not a string"
        else
          throw "fetchurl requires either `url` or `urls` to be set"
      );
  # Fetchers can be overridden and accept any argument.
  fetcher = f: lib.makeOverridable f;
  # A fetcher of directories.
  tree =
    name: nameOf:
    fetcher (
      args:
      fixed {
        fetcher = name;
        name = nameOf args;
        urls = lib.optional (args ? url) args.url;
        inherit args;
        recursive = true;
      }
    );
  forge =
    name: repoUrl: archiveUrl:
    fetcher (
      {
        owner,
        repo,
        rev ? null,
        tag ? null,
        ...
      }@args:
      let
        ref =
          if (rev == null) == (tag == null) then
            throw "${name} requires one of either `rev` or `tag` to be provided (not both)."
          else if tag != null then
            "refs/tags/${tag}"
          else
            rev;
        base = repoUrl args;
        useGit =
          lib.any (name: args.${name} or false) [
            "fetchSubmodules"
            "leaveDotGit"
            "forceFetchGit"
            "fetchLFS"
          ]
          || args.sparseCheckout or [ ] != [ ];
      in
      fixed {
        fetcher = name;
        name = "source";
        urls = [ (if useGit then "${base}.git" else archiveUrl base ref args) ];
        inherit args;
        recursive = true;
        passthru = {
          inherit owner repo tag;
          rev = if rev != null then rev else ref;
          gitRepoUrl = "${base}.git";
        };
        meta.homepage = base;
      }
    );
in
{
  fetchurl = fetcher (
    args:
    let
      urls = urlsOf "fetchurl" args;
    in
    fixed {
      fetcher = "fetchurl";
      name = if args ? pname then "${args.pname}-${args.version}" else baseName (lib.head urls);
      inherit urls args;
      recursive = args.recursiveHash or false || args.executable or false;
    }
  );
  fetchzip = fetcher (
    args:
    fixed {
      fetcher = "fetchzip";
      name = "source";
      urls = urlsOf "fetchzip" args;
      inherit args;
      recursive = true;
    }
  );
  fetchtarball = final.fetchzip;
  fetchpatch = fetcher (
    args:
    fixed {
      fetcher = "fetchpatch";
      name = baseName args.url;
      urls = urlsOf "fetchpatch" args;
      inherit args;
    }
  );
  fetchpatch2 = final.fetchpatch;
  fetchgit = fetcher (
    {
      url,
      rev ? null,
      tag ? null,
      ...
    }@args:
    fixed {
      fetcher = "fetchgit";
      name = lib.sources.urlToName url;
      urls = [ url ];
      inherit args;
      recursive = true;
      passthru = {
        gitRepoUrl = url;
        rev = if rev != null then rev else if tag != null then "refs/tags/${tag}" else "HEAD";
        inherit tag;
      };
    }
  );
  fetchgitPrivate = final.fetchgit;
  fetchgitLocal = src: builtins.path { path = src; };
  fetchsvn = tree "fetchsvn" (_: "source");
  fetchhg = tree "fetchhg" (_: "source");
  fetchFromGitHub = forge "fetchFromGitHub" (args: "https://${args.githubBase or "github.com"}/${args.owner}/${args.repo}") (
    base: ref: _: "${base}/archive/${ref}.tar.gz"
  );
  fetchFromGitLab = forge "fetchFromGitLab" (args: "https://${args.domain or "gitlab.com"}/${args.owner}/${args.repo}") (
    base: ref: args: "${base}/-/archive/${ref}/${args.repo}-${ref}.tar.gz"
  );
  fetchFromGitea = forge "fetchFromGitea" (args: "https://${args.domain}/${args.owner}/${args.repo}") (
    base: ref: _: "${base}/archive/${ref}.tar.gz"
  );
  fetchFromForgejo = final.fetchFromGitea;
  fetchFromCodeberg = args: final.fetchFromGitea (args // { domain = "codeberg.org"; });
  fetchFromBitbucket = forge "fetchFromBitbucket" (args: "https://bitbucket.org/${args.owner}/${args.repo}") (
    base: ref: _: "${base}/get/${ref}.tar.gz"
  );
  fetchFromSourcehut = forge "fetchFromSourcehut" (args: "https://git.sr.ht/${args.owner}/${args.repo}") (
    base: ref: _: "${base}/archive/${ref}.tar.gz"
  );
  fetchPypi = fetcher (
    {
      pname,
      version,
      format ? "setuptools",
      extension ? "tar.gz",
      python ? "py2.py3",
      abi ? "none",
      platform ? "any",
      dist ? python,
      ...
    }@args:
    let
      wheel = "${pname}-${version}-${python}-${abi}-${platform}.whl";
      file = if format == "wheel" then wheel else "${pname}-${version}.${extension}";
    in
    fixed {
      fetcher = "fetchPypi";
      name = file;
      urls = [
        (
          if format == "wheel" then
            "mirror://pypi/${dist}/${builtins.substring 0 1 pname}/${pname}/${file}"
          else
            "mirror://pypi/${builtins.substring 0 1 pname}/${pname}/${file}"
        )
      ];
      inherit args;
    }
  );
  fetchNpmDeps = tree "fetchNpmDeps" (_: "npm-deps");
  fetchCrate = tree "fetchCrate" (args: "${args.pname}-${args.version}");
  fetchDebianPatch = fetcher (
    args:
    fixed {
      fetcher = "fetchDebianPatch";
      name = "${args.patch}.patch";
      urls = [ ];
      inherit args;
    }
  );
  requireFile = fetcher (
    args:
    fixed {
      fetcher = "requireFile";
      name = args.name or (baseName (args.url or ""));
      urls = lib.optional (args ? url) args.url;
      inherit args;
    }
  );
  nix-prefetch-git = final.makeStub { pname = "nix-prefetch-git"; version = "0"; };
}
