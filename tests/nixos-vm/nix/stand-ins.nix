# Overlay for tests: packages that need the silicon are replaced by stand-ins, which the report names.
#
# Everything else is real: NixOS, its kernel, udev, systemd, the loader, the vendor's Python wheel.
final: prev: {
  rknn = prev.rknn // {
    runtime = final.callPackage ./stub-runtime.nix { };
    driverFor = kernelPackages: kernelPackages.callPackage ./simulated-drivers.nix { };
  };
}
