import ../_good/module.nix {
  more = _: {
    virtualisation.oci-containers.backend = "podman";
    virtualisation.oci-containers.containers.detector = {
      image = "example.org/detector:1.0-rk";
      volumes = [ "/var/lib/detector:/config" ];
      extraOptions = [ "--shm-size=256m" ];
    };

  };
}
