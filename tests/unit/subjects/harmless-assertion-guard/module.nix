import ../_good/module.nix {
  guard = { config, lib, pkgs, ... }: {
    assertions = [
      {
        assertion = pkgs.stdenv.hostPlatform.system == "aarch64-linux";
        message = "services.npu is for aarch64-linux.";
      }
      {
        assertion = config.hardware.deviceTree.name == null || lib.hasInfix "rk3588" config.hardware.deviceTree.name;
        message = "services.npu is for RK3588 boards.";
      }
    ];
  };
  more = _: { boot.kernelModules = [ "rknpu" ]; };
}
