# Functions of the package set that NixOS configurations use.
{ lib, final }:
let
  shell =
    pname: version: mainProgram:
    final.makeStub {
      inherit pname version mainProgram;
      passthru.shellPath = "/bin/${mainProgram}";
    };
in
{
  nixos =
    configuration:
    let
      system = import ../nixos/lib/eval-config.nix {
        inherit lib;
        system = null;
        modules = [
          { nixpkgs.pkgs = lib.mkDefault final; }
        ]
        ++ lib.toList configuration;
      };
    in
    system.config.system.build // system;
  nixosOptionsDoc =
    { options, ... }@args:
    let
      rendered = lib.optionAttrSetToDocList options;
    in
    {
      optionsNix = lib.listToAttrs (map (option: lib.nameValuePair option.name option) rendered);
      optionsJSON = final.runCommand "options.json" { } "options";
      optionsCommonMark = final.runCommand "options.md" { } "options";
      optionsAsciiDoc = final.runCommand "options.adoc" { } "options";
    };
  deviceTree = {
    applyOverlays =
      base: overlays:
      final.runCommand "device-tree-overlays" {
        passthru = {
          inherit base overlays;
        };
      } "apply";
    compileDTS =
      { name, dtsFile, ... }: final.runCommand name { inherit dtsFile; } "compile";
    raspberryPiDtbs = final.makeStub { pname = "raspberry-pi-dtbs"; version = "0"; };
    raspberryPiOverlays = final.makeStub { pname = "raspberry-pi-overlays"; version = "0"; };
  };
  makeDesktopItem =
    { name, ... }@args:
    final.writeTextDir "share/applications/${name}.desktop" (builtins.toJSON (removeAttrs args [ "name" ]));
  makeInitrdNG = args: final.runCommand "initrd" { } "initrd";
  makeModulesClosure =
    { kernel, rootModules, ... }:
    final.runCommand "modules-closure" { passthru = { inherit kernel rootModules; }; } "closure";
  aggregateModules = modules: final.buildEnv { name = "kernel-modules"; paths = modules; };
  compressFirmwareXz = firmware: firmware;
  compressFirmwareZstd = firmware: firmware;
  vmTools = { };
  ubootTools = final.makeStub { pname = "uboot-tools"; version = "2026.04"; };
  buildUBoot =
    args:
    final.stdenv.mkDerivation (
      {
        pname = "uboot-${args.defconfig or "unknown"}";
        version = "2026.04";
      }
      // removeAttrs args [ "extraMeta" ]
      // {
        meta = args.extraMeta or { };
      }
    );
  glibcLocales = final.makeStub { pname = "glibc-locales"; version = "2.42"; };
  systemd = final.makeStub {
    pname = "systemd";
    version = "259.4";
    mainProgram = "systemctl";
    platforms = lib.platforms.linux;
    passthru = {
      interfaceVersion = 2;
      withBootloader = true;
      withSysupdate = true;
      kmod = final.kmod;
    };
  };
  bash = shell "bash" "5.3p9" "bash";
  bashInteractive = shell "bash-interactive" "5.3p9" "bash";
  zsh = shell "zsh" "5.9" "zsh";
  fish = shell "fish" "4.5.0" "fish";
  nushell = shell "nushell" "0.111.0" "nu";
  # The shell of accounts that nobody logs in to.
  shadow = final.makeStub {
    pname = "shadow";
    version = "4.19.4";
    passthru.shellPath = "/bin/nologin";
  };
  runtimeShell = "${final.bash}/bin/bash";
  runtimeShellPackage = final.bash;
  glibc = final.makeStub { pname = "glibc"; version = "2.42"; mainProgram = "getent"; };
  libc = final.glibc;
  gcc-unwrapped = final.makeStub { pname = "gcc"; version = "15.2.0"; };
  gcc = final.makeStub {
    pname = "gcc-wrapper";
    version = "15.2.0";
    mainProgram = "gcc";
    passthru = {
      cc = final.gcc-unwrapped;
      libc = final.glibc;
      libc_bin = final.glibc;
      libc_dev = final.glibc;
      libc_lib = final.glibc;
      libcxx = null;
      isGNU = true;
      isClang = false;
      bintools = final.makeStub { pname = "binutils-wrapper"; version = "2.44"; };
      targetPrefix = lib.optionalString (final.hostPlatform.config != final.buildPlatform.config) "${final.hostPlatform.config}-";
    };
  };
  steam-run = final.makeStub {
    pname = "steam-run";
    version = "1.0";
    license = lib.licenses.unfree;
    platforms = [ "x86_64-linux" ];
  };
  cudaPackages = throw "the stand-in for nixpkgs does not carry cudaPackages; give --nixpkgs PATH";
}
