{
  nixpkgs.hostPlatform = {
    system = "aarch64-linux";
    gcc.arch = "armv8.2-a+fp16+dotprod";
  };
}
