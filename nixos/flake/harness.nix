# The harness as a package, what `nix run` starts, and a shell with everything `make validate` needs.
{
  lib,
  stdenv,
  mkShell,
  pkgsCross,
  python3,
  runCommand,
  writeShellApplication,
  apt,
  chromium,
  cpio,
  dpkg,
  dtc,
  erofs-utils,
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
    packages.tree-sitter
    packages.tree-sitter-grammars.tree-sitter-bash
    packages.tree-sitter-grammars.tree-sitter-nix
  ];

  package = python3.pkgs.buildPythonApplication (attributes python3.pkgs);
  # For another interpreter to import: the NixOS test driver's. Without the plugin for pytest, or the driver's own tests,
  # which are part of building it, would want a subject file.
  module =
    packages:
    packages.buildPythonPackage (
      attributes packages
      // {
        postPatch = "sed -i '/^\\[project.entry-points.pytest11]$/,/^$/d' pyproject.toml";
      }
    );
  attributes = packages: {
    pname = "rknn-validation";
    version = "0.1.0";
    pyproject = true;
    src = self;
    build-system = [ packages.setuptools ];
    dependencies = dependencies packages;
    # Its tests are the flake's check `unit`: they need Nix and the whole repository.
    doCheck = false;
    pythonImportsCheck = [ "rknn_validation.pytestplugin.plugin" ];
    meta = {
      description = "Tells whether the NPU of an RK3588 node works under a given NixOS configuration";
      # No licence is stated by the project; nothing is claimed here.
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

  validate = writeShellApplication {
    name = "rknn-validate";
    runtimeInputs = [ python ] ++ tools;
    text = ''
      # Judges ./validation.yaml, or this flake's own subject where there is none; reports go to ./report.
      subject=$PWD/validation.yaml
      [ -e "$subject" ] || subject=${self}/validation.yaml
      export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=${self}/src
      exec python -m pytest -c ${self}/pyproject.toml --rootdir ${self} -p no:cacheprovider \
        -m verdict --subject "$subject" --report "$PWD/report" ${self}/tests "$@"
    '';
  };

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
    validate
    ;
}
