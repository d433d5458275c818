{
  lib,
  stdenv,
  fetchFromGitHub,
  kernel,
}:

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
  makeFlags = [ "KDIR=${kernel.dev}/lib/modules/${kernel.modDirVersion}/build" ];

  installPhase = ''
    runHook preInstall
    install -Dm644 rknpu.ko $out/lib/modules/${kernel.modDirVersion}/extra/rknpu.ko
    runHook postInstall
  '';

  meta = {
    license = lib.licenses.gpl2Only;
    platforms = [ "aarch64-linux" ];
  };
}
