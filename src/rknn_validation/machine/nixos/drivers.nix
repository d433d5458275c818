# The simulated NPU drivers, each where the host brings the real one: that would find no silicon to drive.
{
  lib,
  stdenv,
  kernel,
  xz,
  zstd,
  # The host's own tree of kernel modules.
  brought,
}:

stdenv.mkDerivation {
  pname = "simulated-drivers";
  version = kernel.modDirVersion;

  dontUnpack = true;
  nativeBuildInputs = kernel.moduleBuildDependencies ++ [
    xz
    zstd
  ];
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

  # At the real one's very path, which this package's priority then decides: beside it in updates/, where out-of-tree
  # drivers are installed too, either might be loaded.
  installPhase = ''
    runHook preInstall
    mkdir -p $out/nix-support
    touch $out/nix-support/stand-ins
    for name in rknpu rocket; do
      real=$(find -L ${brought}/lib/modules -name "$name.ko*" -print -quit)
      if [ -n "$real" ]; then
        path=$out/''${real#${brought}/}
        mkdir -p "$(dirname "$path")"
        case $real in
        *.ko) cp $name.ko "$path" ;;
        *.xz) xz --check=crc32 --stdout $name.ko > "$path" ;;
        *.zst) zstd --stdout $name.ko > "$path" ;;
        *)
          echo "$real: compressed in a way that is not known here" >&2
          exit 1
          ;;
        esac
        echo "$name.ko: a simulated driver in place of ''${real#${brought}/}" >> $out/nix-support/stand-ins
      fi
    done
    runHook postInstall
  '';

  meta = {
    description = "Stand-ins for the RK3588 NPU's drivers, which bind, give the device node, and compute nothing";
    license = lib.licenses.gpl2Only;
    platforms = [ "aarch64-linux" ];
    # Before the real drivers, where both are laid into one tree.
    priority = -10;
  };
}
