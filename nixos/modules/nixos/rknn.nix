# NPU support for RK3588 boards: device access, driver, runtime library and Python API.
#
# A mixed fleet may enable it on every host. If the configuration names the device tree of another board, the module
# only adds a warning. If it names none, the running system decides: on a board without an RK3588 nothing is loaded or
# linked, and the journal says why.
{
  imports = [
    ./rknn/options.nix
    ./rknn/guard.nix
    ./rknn/kernel.nix
    ./rknn/device.nix
    ./rknn/libraries.nix
    ./rknn/diagnostics.nix
  ];
}
