import ../_good/module.nix {
  more = _: {
    virtualisation.oci-containers.backend = "podman";
    virtualisation.oci-containers.containers.photos = {
      image = "ghcr.io/immich-app/immich-machine-learning:v1.135.3-rknn";
      environment.MACHINE_LEARNING_RKNN = "true";
      extraOptions = [
        "--device=/dev/dri"
        "--security-opt=unmask=ALL"
      ];
    };
  };
}
