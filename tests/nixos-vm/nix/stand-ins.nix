# Overlay for the tests alone: what needs the silicon is replaced by what can be asked without it, and says so.
#
# The rest is the real thing: NixOS, its kernel, udev, systemd, the loader, the vendor's Python wheel.
final: prev: {
  rknn = prev.rknn // {
    runtime = final.callPackage ./stub-runtime.nix { };
    driverFor = kernelPackages: kernelPackages.callPackage ./simulated-drivers.nix { };
  };
}
