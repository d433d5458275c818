final: prev: {
  linux_npu = final.buildLinux {
    version = "6.1.115-rockchip";
    modDirVersion = "6.1.115";
    src = final.fetchFromGitHub {
      owner = "armbian";
      repo = "linux-rockchip";
      rev = "28320e8543bb19e21d3cfbf0421c700f17da5b58";
      hash = "sha256-nW6i4IRqN3CWnjDDhHP4/V8oYSNQkEmAo5AddacClNg=";
    };
    structuredExtraConfig = with final.lib.kernel; {
      ROCKCHIP_RKNPU = yes;
      ROCKCHIP_RKNPU_DRM_GEM = yes;
    };
    ignoreConfigErrors = true;
  };
}
