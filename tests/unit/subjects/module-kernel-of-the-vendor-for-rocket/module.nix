import ../_good/mainline.nix {
  driver =
    { pkgs, ... }:
    {
      boot.kernelPackages = pkgs.linuxPackagesFor (
        pkgs.buildLinux {
          version = "6.1.115";
          src = pkgs.fetchgit {
            url = "https://github.com/Joshua-Riek/linux-rockchip.git";
            rev = "28320e8543bb19e21d3cfbf0421c700f17da5b58";
            hash = "sha256-nW6i4IRqN3CWnjDDhHP4/V8oYSNQkEmAo5AddacClNg=";
          };
        }
      );
    };
}
