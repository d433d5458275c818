# Platforms.
{ lib }:
let
  cpus = import ./cpus.nix;
  doublesList = lib.importJSON ../data/doubles.json;
  # Of all doubles.
  kernels = lib.unique (map (double: lib.last (lib.splitString "-" double)) doublesList);
  matching = f: lib.filter (double: f (elaborate double)) doublesList;
  parse =
    text:
    let
      parts = lib.splitString "-" text;
      cpu = lib.head parts;
      rest = lib.tail parts;
      kernel = lib.findFirst (part: lib.elem part kernels) "none" rest;
      abi = lib.last parts;
    in
    {
      _type = "system";
      cpu = {
        _type = "cpu-type";
        name = cpu;
      }
      // cpus.${cpu} or (throw "Unknown CPU type: ${cpu}");
      kernel = {
        _type = "kernel";
        name = kernel;
        execFormat.name = if kernel == "darwin" then "macho" else "elf";
      };
      vendor.name = if lib.length parts == 4 then lib.elemAt parts 1 else "unknown";
      abi.name =
        if
          lib.elem abi [
            "musl"
            "gnu"
            "gnueabihf"
            "musleabihf"
            "gnueabi"
          ]
        then
          abi
        else if kernel != "linux" then
          "unknown"
        else if lib.elem cpu [ "armv6l" "armv7l" "armv7a" ] then
          "gnueabihf"
        else if cpu == "armv5tel" then
          "gnueabi"
        else
          "gnu";
    };
  elaborate =
    given:
    let
      args = if builtins.isString given then { system = given; } else given;
      text = args.system or args.config;
      parsed = args.parsed or (parse text);
      cpu = parsed.cpu;
      kernel = parsed.kernel.name;
      isMusl = lib.hasPrefix "musl" parsed.abi.name;
      self = {
        inherit parsed;
        system = args.system or "${cpu.name}-${kernel}";
        config =
          args.config or (
            if kernel == "darwin" then
              "${if cpu.name == "aarch64" then "arm64" else cpu.name}-apple-darwin"
            else
              "${cpu.name}-unknown-${kernel}-${parsed.abi.name}"
          );
        isLinux = kernel == "linux";
        isDarwin = kernel == "darwin";
        isUnix = lib.elem kernel [
          "linux"
          "darwin"
          "freebsd"
          "netbsd"
          "openbsd"
          "cygwin"
          "solaris"
          "redox"
        ];
        isFreeBSD = kernel == "freebsd";
        isNetBSD = kernel == "netbsd";
        isOpenBSD = kernel == "openbsd";
        isBSD = lib.hasSuffix "bsd" kernel;
        isWindows = kernel == "windows";
        isCygwin = kernel == "cygwin";
        isWasi = kernel == "wasi";
        isNone = kernel == "none";
        isMacOS = kernel == "darwin";
        isiOS = false;
        isAndroid = false;
        isAarch64 = cpu.name == "aarch64" || cpu.name == "aarch64_be";
        isAarch32 = cpu.family == "arm" && cpu.bits == 32;
        isAarch = cpu.family == "arm";
        isArmv7 = lib.hasPrefix "armv7" cpu.name;
        isx86_64 = cpu.name == "x86_64";
        isx86_32 = cpu.family == "x86" && cpu.bits == 32;
        isx86 = cpu.family == "x86";
        isi686 = cpu.name == "i686";
        isRiscV = cpu.family == "riscv";
        isRiscV64 = cpu.name == "riscv64";
        isRiscV32 = cpu.name == "riscv32";
        isPower = cpu.family == "power";
        isPower64 = cpu.family == "power" && cpu.bits == 64;
        isMips = cpu.family == "mips";
        isMips64 = cpu.family == "mips" && cpu.bits == 64;
        isS390 = cpu.family == "s390";
        isS390x = cpu.name == "s390x";
        isSparc = cpu.family == "sparc";
        isSparc64 = cpu.name == "sparc64";
        isLoongArch64 = cpu.name == "loongarch64";
        isWasm = cpu.family == "wasm";
        isM68k = cpu.family == "m68k";
        is64bit = cpu.bits == 64;
        is32bit = cpu.bits == 32;
        isLittleEndian = cpu.significantByte == "little";
        isBigEndian = cpu.significantByte == "big";
        isElf = kernel != "darwin" && kernel != "windows";
        isMacho = kernel == "darwin";
        isGnu = parsed.abi.name == "gnu" || lib.hasPrefix "gnueabi" parsed.abi.name;
        inherit isMusl;
        isStatic = false;
        isAbiElfv2 = false;
        isILP32 = false;
        isEfi = lib.elem cpu.name [
          "x86_64"
          "aarch64"
          "i686"
          "riscv64"
          "loongarch64"
          "armv7l"
          "armv7a"
          "armv6l"
          "arm"
        ];
        hasSharedLibraries = kernel != "none";
        isCompatible = other: other.system == self.system;
        canExecute = other: other.system == self.system || (self.isx86_64 && other.isi686 or false && other.isLinux);
        emulatorAvailable = _: true;
        emulator = pkgs: "${pkgs.qemu-user or pkgs.qemu}/bin/qemu-${self.qemuArch}";
        qemuArch = if self.isAarch32 then "arm" else if self.isi686 then "i386" else cpu.name;
        linuxArch =
          {
            aarch64 = "arm64";
            x86_64 = "x86_64";
            i686 = "i386";
            riscv64 = "riscv";
          }
          .${cpu.name} or (if self.isAarch32 then "arm" else cpu.name);
        ubootArch = if self.isx86_32 then "x86" else self.linuxArch;
        darwinArch = if self.isAarch64 then "arm64" else cpu.name;
        efiArch =
          if self.isAarch64 then
            "aa64"
          else if self.isAarch32 then
            "arm"
          else if self.isx86_64 then
            "x64"
          else if self.isx86_32 then
            "ia32"
          else
            cpu.name;
        libc = if kernel == "darwin" then "libSystem" else if isMusl then "musl" else if kernel == "linux" then "glibc" else null;
        uname = {
          system = if kernel == "darwin" then "Darwin" else lib.toSentenceCase kernel;
          processor = if self.isDarwin && self.isAarch64 then "arm64" else if self.isAarch32 then "armv7l" else cpu.name;
          release = null;
        };
        extensions = {
          sharedLibrary = if kernel == "darwin" then ".dylib" else if kernel == "windows" then ".dll" else ".so";
          staticLibrary = ".a";
          library = if kernel == "darwin" then ".dylib" else ".so";
          executable = if kernel == "windows" then ".exe" else "";
        };
        linux-kernel = linuxKernel self;
        gcc = { };
        rust = {
          rustcTarget = if kernel == "darwin" then "${cpu.name}-apple-darwin" else "${cpu.name}-unknown-${kernel}-${parsed.abi.name}";
          platform = { };
        };
        go = {
          GOOS = kernel;
          GOARCH = { aarch64 = "arm64"; x86_64 = "amd64"; i686 = "386"; }.${cpu.name} or cpu.name;
          GOARM = if self.isAarch32 then "7" else null;
        };
        node.arch = { aarch64 = "arm64"; x86_64 = "x64"; }.${cpu.name} or cpu.name;
        parsedName = text;
        useLLVM = false;
      }
      // (if builtins.isAttrs given then removeAttrs given [ "parsed" ] else { });
    in
    self;
  linuxKernel =
    platform:
    if platform.isAarch64 then
      {
        name = "aarch64-multiplatform";
        baseConfig = "defconfig";
        DTB = true;
        autoModules = true;
        preferBuiltin = true;
        target = "Image";
      }
    else if platform.isx86_64 then
      {
        name = "pc";
        baseConfig = "defconfig";
        autoModules = true;
        target = "bzImage";
      }
    else
      {
        name = "generic";
        baseConfig = "defconfig";
        DTB = true;
        target = "Image";
        autoModules = true;
      };
in
{
  inherit elaborate;
  equals = left: right: left.system == right.system && left.config == right.config;
  toLosslessStringMaybe = value: if builtins.isString value then value else value.system or null;
  flakeExposed = [
    "x86_64-linux"
    "aarch64-linux"
    "x86_64-darwin"
    "armv6l-linux"
    "armv7l-linux"
    "i686-linux"
    "aarch64-darwin"
    "powerpc64le-linux"
    "riscv64-linux"
    "x86_64-freebsd"
  ];
  systemToAttrName = system: system;
  parse = {
    mkSystemFromString = parse;
    doubleFromSystem = system: "${system.cpu.name}-${system.kernel.name}";
    isCompatible = left: right: left == right;
  };
  supported = {
    tier1 = [ "x86_64-linux" ];
    tier2 = [
      "aarch64-linux"
      "x86_64-darwin"
    ];
    tier3 = [
      "armv6l-linux"
      "armv7l-linux"
      "i686-linux"
    ];
    hydra = [
      "x86_64-linux"
      "aarch64-linux"
      "x86_64-darwin"
      "aarch64-darwin"
    ];
  };
  examples = {
    aarch64-multiplatform.config = "aarch64-unknown-linux-gnu";
    aarch64-multiplatform-musl.config = "aarch64-unknown-linux-musl";
    raspberryPi.config = "armv6l-unknown-linux-gnueabihf";
    armv7l-hf-multiplatform.config = "armv7l-unknown-linux-gnueabihf";
    gnu64.config = "x86_64-unknown-linux-gnu";
    gnu32.config = "i686-unknown-linux-gnu";
    musl64.config = "x86_64-unknown-linux-musl";
    riscv64.config = "riscv64-unknown-linux-gnu";
    aarch64-embedded.config = "aarch64-none-elf";
    aarch64-darwin.config = "arm64-apple-darwin";
  };
  inspect = {
    predicates = lib.mapAttrs (name: _: platform: platform.${name} or (elaborate platform.system).${name}) {
      isLinux = null;
      isDarwin = null;
      isAarch64 = null;
      isx86_64 = null;
    };
    patterns = {
      isAarch64.cpu = {
        family = "arm";
        bits = 64;
      };
      isAarch32.cpu = {
        family = "arm";
        bits = 32;
      };
      isx86_64.cpu = {
        family = "x86";
        bits = 64;
      };
      isLinux.kernel.name = "linux";
      isDarwin.kernel.name = "darwin";
    };
  };
  doubles = rec {
    all = doublesList;
    none = [ ];
    linux = matching (p: p.isLinux);
    darwin = matching (p: p.isDarwin);
    unix = matching (p: p.isUnix);
    windows = matching (p: p.isWindows);
    freebsd = matching (p: p.isFreeBSD);
    netbsd = matching (p: p.isNetBSD);
    openbsd = matching (p: p.isOpenBSD);
    cygwin = matching (p: p.isCygwin);
    embedded = matching (p: p.isNone);
    wasi = matching (p: p.isWasi);
    aarch = matching (p: p.isAarch);
    aarch64 = matching (p: p.isAarch64);
    arm = matching (p: p.isAarch32);
    armv6 = matching (p: p.isAarch32 && lib.hasPrefix "armv6" p.parsed.cpu.name);
    armv7 = matching (p: p.isArmv7);
    x86 = matching (p: p.isx86);
    x86_64 = matching (p: p.isx86_64);
    i686 = matching (p: p.isi686);
    riscv = matching (p: p.isRiscV);
    riscv64 = matching (p: p.isRiscV64);
    power = matching (p: p.isPower);
    mips = matching (p: p.isMips);
    s390x = matching (p: p.isS390x);
    gnu = linux;
    littleEndian = matching (p: p.isLittleEndian);
    bigEndian = matching (p: p.isBigEndian);
    mesaPlatforms = linux ++ darwin;
  };
}
