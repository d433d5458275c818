# The rest of the library.
{ lib }:
{
  trivial = [
    (lib.pipe 1 [
      (x: x + 1)
      (x: x * 2)
    ])
    (lib.min 1 2)
    (lib.max 1 2)
    (lib.mod 11 10)
    (lib.compare 1 2)
    (lib.flip (a: b: a - b) 1 5)
    (lib.mapNullable (x: x + 1) null)
    (lib.mapNullable (x: x + 1) 1)
    (lib.defaultTo 1 null)
    (lib.mergeAttrs { a = 1; } { b = 2; })
    (lib.isFunction (x: x))
    (lib.isFunction { __functor = _: x: x; })
    (lib.isFunction 1)
    (lib.functionArgs ({ a, b ? 1 }: a))
    (lib.functionArgs (lib.setFunctionArgs (x: x) { a = true; }))
    (lib.xor true false)
    (lib.and true false)
    (lib.or true false)
    (lib.toFunction 1 2)
    (lib.boolToYesNo true)
    (lib.bitNot 5)
  ];
  fixed-points = [
    (lib.fix (self: {
      a = 1;
      b = self.a + 1;
    })).b
    (lib.fix (
      lib.extends (final: prev: { a = prev.a + 10; }) (self: {
        a = 1;
        b = self.a;
      })
    ))
    (lib.fix (
      lib.extends (lib.composeExtensions (_: prev: { a = prev.a * 2; }) (_: prev: { a = prev.a + 1; })) (_: { a = 5; })
    ))
    (lib.fix (
      lib.extends (lib.composeManyExtensions [
        (_: prev: { a = prev.a + 1; })
        (_: prev: { a = prev.a * 2; })
      ]) (_: { a = 5; })
    ))
    ((lib.makeExtensible (self: { a = 1; })).extend (_: prev: { a = prev.a + 1; })).a
    (lib.converge (x: x / 2) 16)
  ];
  customisation =
    let
      f =
        {
          a,
          b ? 2,
        }:
        {
          result = a + b;
        };
      made = lib.makeOverridable f { a = 1; };
    in
    [
      made.result
      (made.override { a = 10; }).result
      (made.override (old: { b = old.a + 5; })).result
      (lib.callPackageWith { a = 3; } f { }).result
      (lib.callPackageWith { a = 3; } f { b = 1; }).result
      ((lib.callPackageWith { a = 3; } f { }).override { a = 4; }).result
      (lib.makeScope (extra: lib.callPackageWith ({ x = 1; } // extra)) (self: {
        y = self.callPackage ({ x }: { value = x + 1; }) { };
        z = self.y.value;
      })).z
    ];
  generators = [
    (lib.generators.toKeyValue { } {
      a = 1;
      b = "x";
      c = true;
      d = null;
    })
    (lib.generators.toKeyValue { listsAsDuplicateKeys = true; } { a = [ 1 2 ]; })
    (lib.generators.toKeyValue { mkKeyValue = lib.generators.mkKeyValueDefault { } " = "; } { a = "b"; })
    (lib.generators.toINI { } {
      s = {
        a = 1;
        b = true;
      };
      "t u" = { };
    })
    (lib.generators.toINIWithGlobalSection { } {
      globalSection.g = 1;
      sections.s.a = 2;
    })
    (lib.generators.toGitINI { user.name = "x"; })
    (lib.generators.toJSON { } { a = 1; })
    (lib.generators.toYAML { } { a = 1; })
    (lib.generators.toLua { } {
      a = [
        1
        "b"
      ];
      c = null;
    })
    (lib.generators.toLua { multiline = false; } { a = true; })
  ];
  to-pretty = map (lib.generators.toPretty { }) [
    1
    "a"
    "a\nb"
    "q\"\${x}"
    null
    true
    1.5
    [ ]
    [
      1
      [ 2 ]
    ]
    { }
    {
      a = 1;
      "b c" = { d = [ ]; };
    }
    (x: x)
    ({ a, b ? 1 }: a)
    {
      type = "derivation";
      name = "hello";
    }
  ];
  to-pretty-one-line = lib.generators.toPretty { multiline = false; } {
    a = [
      1
      2
    ];
    b.c = "x\ny";
  };
  cli = [
    (lib.cli.toGNUCommandLine { } {
      data = "x";
      v = true;
      quiet = false;
      f = [
        1
        2
      ];
      none = null;
    })
    (lib.cli.toGNUCommandLineShell { optionValueSeparator = "="; } { data = "a b"; })
  ];
  kernel = [
    lib.kernel.yes
    lib.kernel.no
    lib.kernel.module
    lib.kernel.unset
    (lib.kernel.freeform "64")
    (lib.kernel.option lib.kernel.yes)
    ((lib.kernel.whenHelpers "6.18").whenAtLeast "6.6" 1)
    ((lib.kernel.whenHelpers "6.1").whenOlder "6.6" 1).condition
    ((lib.kernel.whenHelpers "6.6").whenBetween "6.1" "6.12" 1).condition
  ];
  licenses = map
    (name: {
      inherit (lib.licenses.${name}) shortName free;
      redistributable = lib.licenses.${name}.redistributable or null;
      spdxId = lib.licenses.${name}.spdxId or null;
    })
    [
      "mit"
      "asl20"
      "bsd3"
      "gpl2Only"
      "gpl2Plus"
      "gpl3Plus"
      "lgpl21Plus"
      "unfree"
      "unfreeRedistributable"
      "unfreeRedistributableFirmware"
      "mpl20"
      "publicDomain"
      "isc"
      "cc0"
    ];
  license-from-spdx = (lib.getLicenseFromSpdxId "MIT").shortName;
  source-types = lib.mapAttrs (_: type: type.isSource) {
    inherit (lib.sourceTypes) fromSource binaryNativeCode binaryFirmware;
  };
  systems =
    let
      show = system: {
        inherit (lib.systems.elaborate system)
          system
          config
          isAarch64
          isx86_64
          isLinux
          isDarwin
          is64bit
          isAarch32
          isRiscV
          linuxArch
          qemuArch
          isLittleEndian
          isMusl
          libc
          ubootArch
          efiArch
          isEfi
          isGnu
          ;
        cpu = (lib.systems.elaborate system).parsed.cpu.name;
        kernel = (lib.systems.elaborate system).parsed.kernel.name;
        shared = (lib.systems.elaborate system).extensions.sharedLibrary;
      };
    in
    map show [
      "aarch64-linux"
      "x86_64-linux"
      "armv7l-linux"
      "i686-linux"
      "riscv64-linux"
      "aarch64-darwin"
      { config = "aarch64-unknown-linux-gnu"; }
      { config = "x86_64-unknown-linux-musl"; }
    ];
  systems-equal = [
    (lib.systems.equals (lib.systems.elaborate "aarch64-linux") (lib.systems.elaborate "aarch64-linux"))
    (lib.systems.equals (lib.systems.elaborate "aarch64-linux") (lib.systems.elaborate "x86_64-linux"))
  ];
  platforms-aarch64 = lib.sort lib.lessThan lib.platforms.aarch64;
  platforms-linux = lib.sort lib.lessThan lib.platforms.linux;
  platforms-x86_64 = lib.sort lib.lessThan lib.platforms.x86_64;
  platforms-darwin = lib.sort lib.lessThan lib.platforms.darwin;
  platforms-arm = lib.sort lib.lessThan lib.platforms.arm;
  platforms-counts = lib.mapAttrs (_: lib.length) {
    inherit (lib.platforms)
      all
      unix
      riscv
      x86
      i686
      windows
      ;
  };
  flake-exposed = lib.sort lib.lessThan lib.systems.flakeExposed;
  available-on = map (lib.meta.availableOn (lib.systems.elaborate "aarch64-linux")) [
    { meta.platforms = [ "aarch64-linux" ]; }
    { meta.platforms = [ "x86_64-linux" ]; }
    { meta = { }; }
    { }
    {
      meta.platforms = lib.platforms.linux;
      meta.badPlatforms = [ "aarch64-linux" ];
    }
  ];
  get-exe = [
    (lib.getExe {
      type = "derivation";
      name = "hello-1";
      outPath = "/store/hello";
      meta.mainProgram = "hi";
    })
    (lib.getExe' {
      type = "derivation";
      name = "hello-1";
      outPath = "/store/hello";
      bin.outPath = "/store/hello-bin";
    } "hello")
  ];
  fakes = [
    lib.fakeHash
    lib.fakeSha256
    (lib.stringLength lib.fakeSha512)
  ];
  strings-with-deps =
    let
      all = {
        a = lib.noDepEntry "A";
        b = lib.fullDepEntry "B" [ "a" ];
        c = lib.stringAfter [ "b" ] "C";
        d = lib.packEntry [ "c" ];
      };
    in
    lib.textClosureMap lib.id all [
      "d"
      "a"
    ];
  show-option = map lib.showOption [
    [
      "a"
      "b"
    ]
    [
      "a"
      "<name>"
      "c.d"
    ]
    [
      "a"
      "*"
      "b"
    ]
  ];
  mk-enable-option = removeAttrs (lib.mkEnableOption "the thing") [ "type" ];
  mk-package-option = removeAttrs (lib.mkPackageOption { hello = "H"; } "hello" { example = "pkgs.bye"; }) [ "type" ];
  mk-package-option-path = removeAttrs (lib.mkPackageOption { a.b = "H"; } [ "a" "b" ] { nullable = true; }) [ "type" ];
  literal-expression = [
    (lib.literalExpression "x")
    (lib.literalMD "y")
  ];
  mk-option = lib.mkOption {
    default = 1;
    description = "x";
  };
  option-list =
    map
      (option: {
        inherit (option)
          name
          type
          internal
          visible
          readOnly
          ;
      })
      (
        lib.optionAttrSetToDocList
          (lib.evalModules {
            modules = [
              {
                options.a = lib.mkOption {
                  type = lib.types.int;
                  default = 1;
                  description = "x";
                };
                options.s = lib.mkOption {
                  type = lib.types.attrsOf (lib.types.submodule { options.i = lib.mkOption { type = lib.types.str; }; });
                };
              }
            ];
          }).options
      );
  path = [
    (lib.path.subpath.isValid "./a")
    (lib.path.subpath.isValid "../a")
    (lib.path.subpath.isValid "/a")
    (lib.path.subpath.normalise "a//b/./c")
    (lib.path.subpath.join [
      "a"
      "b/c"
    ])
    (lib.path.subpath.components "a/b//c")
    (lib.path.hasPrefix /a /a/b)
    (lib.path.removePrefix /a /a/b/c)
    (toString (lib.path.append /a "b/c"))
  ];
  is-type = [
    (lib.isType "option" (lib.mkOption { }))
    (lib.isOption (lib.mkOption { }))
    (lib.isOptionType lib.types.str)
    (lib.isOption { })
  ];
  recurse = (lib.recurseIntoAttrs { }).recurseForDerivations;
  properties = [
    (lib.mkIf true 1)
    (lib.mkDefault 1)
    (lib.mkForce 1)
    (lib.mkBefore 1)
    (lib.mkAfter 1)
    (lib.mkMerge [ 1 ])
    (lib.mkOptionDefault 1)
    (lib.mkVMOverride 1)
  ];
  assert-msg = [
    (lib.assertMsg true "x")
    (lib.assertOneOf "x" 1 [
      1
      2
    ])
    (lib.throwIf false "x" 1)
    (lib.throwIfNot true "x" 1)
  ];
  version-of-release = builtins.match "[0-9][0-9]\\.(05|11)" lib.trivial.release != null;
}
