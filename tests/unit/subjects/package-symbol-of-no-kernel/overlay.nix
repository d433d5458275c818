final: prev: {
  linux_npu = final.buildLinux {
    version = "6.18.22";
    src = final.fetchurl {
      url = "mirror://kernel/linux/kernel/v6.x/linux-6.18.22.tar.xz";
      hash = "sha256-AJenGIQ0Bs3/KkpesNWmjDucgsMTvJsO2ZoDDEP8EHI=";
    };
    extraConfig = ''
      ROCKCHIP_NPU y
    '';
  };
}
