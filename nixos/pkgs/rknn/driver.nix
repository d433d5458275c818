# rknpu, the vendor's kernel driver, as a module for stock kernels: no mainline release has it.
#
# This revision was compiled against the headers of four releases. It does not compile with 6.1 (remove() of platform
# drivers) and 6.12 (hrtimer_setup, which is in 6.13 and later). It compiles with 7.2 and 7.3, and those kernels export
# all symbols that it needs. Its author runs it on 6.19 and 7.0.
{
  lib,
  stdenv,
  fetchFromGitHub,
  kernel,
}:

let
  minimumKernel = "6.13";
in
stdenv.mkDerivation {
  pname = "rknpu";
  version = "0.9.8-${kernel.version}";

  src = fetchFromGitHub {
    owner = "w568w";
    repo = "rknpu-module";
    rev = "a8792fe6b633f90cf2c6808267cac327537ab4cf";
    hash = "sha256-4pFs4tZR6Xy0e5wk8XDNJh8kpbhvWGLxH7KKU5wgWrk=";
  };

  nativeBuildInputs = kernel.moduleBuildDependencies;
  hardeningDisable = [ "pic" ];

  makeFlags = (kernel.commonMakeFlags or kernel.makeFlags) ++ [
    "-C"
    "${kernel.dev}/lib/modules/${kernel.modDirVersion}/build"
    "M=$(PWD)"
  ];
  buildFlags = [ "modules" ];
  installFlags = [ "INSTALL_MOD_PATH=${placeholder "out"}" ];
  installTargets = [ "modules_install" ];

  # For the module, which rejects an unsuitable kernel before anything is built.
  passthru = {
    inherit minimumKernel;
    kernelVersion = kernel.version;
  };

  meta = {
    description = "Rockchip NPU driver as an out-of-tree kernel module";
    homepage = "https://github.com/w568w/rknpu-module";
    license = lib.licenses.gpl2Only;
    platforms = [ "aarch64-linux" ];
    broken = lib.versionOlder kernel.version minimumKernel;
  };
}
