# The harness as a package, what `nix run` starts, and a shell with everything `make validate` needs.
{
  lib,
  stdenv,
  mkShell,
  pkgsCross,
  python3,
  runCommand,
  apt,
  chromium,
  cpio,
  dpkg,
  dtc,
  erofs-utils,
  xz,
  git,
  gnumake,
  gnutar,
  just,
  kmod,
  nix,
  nixfmt-tree,
  nixos-rebuild-ng,
  openssh,
  qemu,
  shellcheck,
  util-linux,
  self,
}:

let
  dependencies = packages: [
    packages.pytest
    packages.pytest-testinfra
    packages.pyyaml
    packages.junit-xml
    packages.shtab
    packages.numpy
    packages.tree-sitter
    packages.tree-sitter-grammars.tree-sitter-bash
    packages.tree-sitter-grammars.tree-sitter-nix
  ];

  # The command, with the programs that it calls.
  package = python3.pkgs.buildPythonApplication (
    attributes python3.pkgs
    // {
      dependencies = dependencies python3.pkgs ++ [ python3.pkgs.pytest-xdist ];
      makeWrapperArgs = [
        "--prefix"
        "PATH"
        ":"
        (lib.makeBinPath tools)
      ];
    }
  );
  # For another interpreter to import: the NixOS test driver's.
  module = packages: packages.buildPythonPackage (attributes packages);
  attributes = packages: {
    pname = "rknn-validation";
    inherit ((lib.importTOML ../../pyproject.toml).project) version;
    pyproject = true;
    src = self;
    build-system = [ packages.setuptools ];
    dependencies = dependencies packages;
    # Its tests are the flake's check `unit`: they need Nix and the whole repository.
    doCheck = false;
    pythonImportsCheck = [ "rknn_validation.pytestplugin.plugin" ];
    meta = {
      description = "Tells whether the NPU of an RK3588 node works under a given NixOS configuration";
      license = lib.licenses.mit;
      mainProgram = "rknn-validate";
      platforms = lib.platforms.linux;
    };
  };

  # Not the package itself: pytest loads the plugin from the tree it judges with.
  python = python3.withPackages (
    packages:
    dependencies packages
    ++ [
      packages.fastjsonschema
      packages.mkdocs-material
      packages.pytest-xdist
      packages.mypy
      packages.ruff
      packages.types-pyyaml
    ]
  );

  # The cross compiler by the name Debian gives it, which is the one the harness asks for.
  compiler =
    let
      inherit (pkgsCross.aarch64-multiplatform.stdenv) cc;
    in
    runCommand "aarch64-linux-gnu-tools" { } ''
      mkdir -p $out/bin
      ln -s ${cc}/bin/${cc.targetPrefix}gcc $out/bin/aarch64-linux-gnu-gcc
      for tool in ar as ld nm objcopy objdump readelf strip; do
        ln -s ${cc.bintools}/bin/${cc.targetPrefix}$tool $out/bin/aarch64-linux-gnu-$tool
      done
    '';

  tools = [
    apt
    compiler
    cpio
    dpkg
    dtc
    erofs-utils
    xz
    git
    gnumake
    gnutar
    kmod
    nix
    openssh
    qemu
    shellcheck
    util-linux
  ];

  # What the tests of the harness itself call beside these.
  testTools = tools ++ [ just ];

  shell = mkShell {
    packages = [
      python
      # For `make test`: the HTML report is looked at in it.
      chromium
      nixfmt-tree
      nixos-rebuild-ng
    ]
    ++ testTools;
    # make then takes this interpreter, and setup.sh installs nothing.
    RKNN_PYTHON_ENV = "${python}";
  };
in
{
  inherit
    module
    package
    python
    shell
    testTools
    ;
}
