import ../_good/module.nix {
  moreOptions = { lib, ... }: {
    active = lib.mkOption {
      type = lib.types.bool;
      readOnly = true;
      default = false;
      description = "Whether the NPU support is active.";
    };
  };
  more = _: { services.npu.active = true; };
  library = { cfg, lib, ... }: lib.mkIf cfg.active { environment.systemPackages = [ cfg.package ]; };
}
