import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    virtualisation.oci-containers.backend = "podman";
    virtualisation.oci-containers.containers.detector = {
      image = "example.org/detector:2.0-rk";
      extraOptions = [
        "--device=/dev/rknpu0"
        "--device=/dev/dri"
        "--security-opt=systempaths=unconfined"
      ];
    };
  };
}
