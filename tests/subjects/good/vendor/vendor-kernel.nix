# The machine's own part where a subject leaves the kernel to it: Rockchip's tree, as a vendor's defconfig has it.
{ pkgs, ... }:
{
  boot.kernelPackages = pkgs.linuxPackagesFor (
    pkgs.buildLinux {
      version = "6.1.115";
      src = pkgs.fetchFromGitHub {
        owner = "armbian";
        repo = "linux-rockchip";
        rev = "28320e8543bb19e21d3cfbf0421c700f17da5b58";
        hash = "sha256-nW6i4IRqN3CWnjDDhHP4/V8oYSNQkEmAo5AddacClNg=";
      };
      defconfig = "rockchip_linux_defconfig";
    }
  );
}
