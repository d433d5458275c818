{ cfg, config, lib, pkgs }:

{
  assertions = [
    {
      assertion = pkgs.stdenv.hostPlatform.isAarch64;
      message = "services.npu is for aarch64-linux.";
    }
  ];
}
