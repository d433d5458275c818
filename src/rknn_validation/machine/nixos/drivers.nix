# The simulated NPU drivers, each where the host brings the real one: that would find no silicon to drive.
{
  lib,
  stdenv,
  kernel,
  # The host's own tree of kernel modules.
  brought,
}:

stdenv.mkDerivation {
  pname = "simulated-drivers";
  version = kernel.modDirVersion;

  dontUnpack = true;
  nativeBuildInputs = kernel.moduleBuildDependencies;
  hardeningDisable = [
    "format"
    "pic"
  ];

  buildPhase = ''
    runHook preBuild
    cp ${../guest/Kbuild} Kbuild
    cp ${../guest/rknpu_sim.c} rknpu_sim.c
    cp ${../guest/rocket_sim.c} rocket_sim.c
    make ${lib.escapeShellArgs (kernel.commonMakeFlags or kernel.makeFlags)} \
      -C ${kernel.dev}/lib/modules/${kernel.modDirVersion}/build M=$PWD modules
    runHook postBuild
  '';

  # depmod prefers what is in updates/ to the kernel's own modules and to further packages'.
  installPhase = ''
    runHook preInstall
    directory=$out/lib/modules/${kernel.modDirVersion}/updates
    mkdir -p $directory $out/nix-support
    touch $out/nix-support/stand-ins
    for name in rknpu rocket; do
      real=$(find -L ${brought}/lib/modules -name "$name.ko*" -print -quit)
      if [ -n "$real" ]; then
        cp $name.ko $directory
        echo "$name.ko: a simulated driver in place of ''${real#${brought}/}" >> $out/nix-support/stand-ins
      fi
    done
    runHook postInstall
  '';

  meta = {
    description = "Stand-ins for the RK3588 NPU's drivers, which bind, give the device node, and compute nothing";
    license = lib.licenses.gpl2Only;
    platforms = [ "aarch64-linux" ];
  };
}
