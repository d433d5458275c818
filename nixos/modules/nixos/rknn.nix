# NPU support for RK3588 boards: device access, driver, runtime library and Python API.
#
# A role shared by a mixed fleet may enable it everywhere. Where the configuration names a device tree
# that is not an RK3588's, it contributes nothing but a warning; where it names none, the running system
# decides: without an RK3588 in its device tree nothing is loaded or linked, and the journal says why.
{
  imports = [
    ./rknn/options.nix
    ./rknn/guard.nix
    ./rknn/kernel.nix
    ./rknn/device.nix
    ./rknn/libraries.nix
  ];
}
