import ../_good/mainline.nix {
  more = { cfg, lib, pkgs, ... }: {
    virtualisation.oci-containers.backend = "podman";
    virtualisation.oci-containers.containers.detector = {
      image = "example.org/detector:2.0";
      extraOptions = [
        "--device=/dev/rknpu:/dev/rknpu"
      ];
    };
  };
}
