# The harness's simulated drivers, rknpu.ko and rocket.ko, for the kernel of a node. For tests only.
{
  lib,
  stdenv,
  kernel,
}:

stdenv.mkDerivation {
  pname = "rknpu-simulated"; # and rocket
  version = kernel.version;

  src = lib.fileset.toSource {
    root = ../../../src/rknn_validation/machine/guest;
    fileset = lib.fileset.unions [
      ../../../src/rknn_validation/machine/guest/Kbuild
      ../../../src/rknn_validation/machine/guest/rknpu_sim.c
      ../../../src/rknn_validation/machine/guest/rocket_sim.c
    ];
  };

  nativeBuildInputs = kernel.moduleBuildDependencies;
  hardeningDisable = [ "pic" ];

  makeFlags = (kernel.commonMakeFlags or kernel.makeFlags) ++ [
    "-C"
    "${kernel.dev}/lib/modules/${kernel.modDirVersion}/build"
    "M=$(PWD)"
  ];
  buildFlags = [ "modules" ];

  # In updates/, which depmod prefers to the kernel's own rocket.
  installPhase = ''
    runHook preInstall
    install -D -m 0644 -t $out/lib/modules/${kernel.modDirVersion}/updates rknpu.ko rocket.ko
    runHook postInstall
  '';

  # The NixOS module compares this with the kernel that boots.
  passthru.kernelVersion = kernel.version;

  meta = {
    description = "Simulated NPU drivers for tests, which bind and answer but compute nothing";
    license = lib.licenses.gpl2Only;
    platforms = [ "aarch64-linux" ];
  };
}
