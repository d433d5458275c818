self: super: {
  npu-runtime = self.callPackage ../_good/packages/runtime.nix { };
  npu-tools = super.npu-tools or { } // {
    runtime = self.npu-runtime;
  };
}
