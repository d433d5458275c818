import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    virtualisation.oci-containers.backend = "podman";
    virtualisation.oci-containers.containers.learning = {
      image = "ghcr.io/immich-app/immich-machine-learning:v2-rknn";
      extraOptions = [
        "--security-opt"
        "systempaths=unconfined"
        "--device"
        "/dev/dri"
        "-e"
        "MACHINE_LEARNING_RKNN=1"
        "-it"
      ];
    };
  };
}
