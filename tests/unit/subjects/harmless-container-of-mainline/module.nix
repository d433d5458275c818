import ../_good/mainline.nix {
  more = { cfg, lib, pkgs, ... }: {
    virtualisation.oci-containers.backend = "podman";
    virtualisation.oci-containers.containers.detector = {
      image = "example.org/npu/teflon:1";
      extraOptions = [
        "--device=/dev/accel/accel0"
        "--device=/dev/accel"
      ];
    };
  };
}
