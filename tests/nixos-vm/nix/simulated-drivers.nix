# The harness's simulated drivers, rknpu.ko and rocket.ko, for a node's own kernel. For tests only.
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

  # Below updates/, which depmod prefers to the kernel's own rocket.
  installPhase = ''
    runHook preInstall
    install -D -m 0644 -t $out/lib/modules/${kernel.modDirVersion}/updates rknpu.ko rocket.ko
    runHook postInstall
  '';

  # The module asks a driver's package what it was built for.
  passthru.kernelVersion = kernel.version;

  meta = {
    description = "Simulated NPU drivers for tests; they bind and answer, and compute nothing";
    license = lib.licenses.gpl2Only;
    platforms = [ "aarch64-linux" ];
  };
}
