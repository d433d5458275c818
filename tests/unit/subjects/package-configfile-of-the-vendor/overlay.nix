final: prev: {
  linuxPackages_npu = final.linuxPackagesFor (
    final.linuxManualConfig {
      version = "6.12.74";
      modDirVersion = "6.12.74";
      src = final.fetchurl {
        url = "https://cdn.kernel.org/pub/linux/kernel/v6.x/linux-6.12.74.tar.xz";
        hash = "sha256-5ppJnM2G4cHZkjhHCY2176kzjZ6I0laulPoAS9eqkT0=";
      };
      configfile = ./rockchip.config;
    }
  );
}
