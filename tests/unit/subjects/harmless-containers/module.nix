import ../_good/module.nix {
  more = _: {
    virtualisation.oci-containers.backend = "podman";
    virtualisation.oci-containers.containers = {
      detector = {
        image = "example.org/detector:1.0-rk";
        extraOptions = [
          "--device=/dev/dri"
          "--security-opt=systempaths=unconfined"
        ];
      };
      by-cdi = {
        image = "example.org/rknn/server:1";
        extraOptions = [ "--device=rockchip.com/npu=all" ];
      };
      privileged = {
        image = "example.org/rkllama:1";
        extraOptions = [ "--privileged" ];
      };
      database = {
        image = "example.org/postgres:16";
        volumes = [ "/var/lib/rknn-data:/data" ];
      };
    };
  };
}
