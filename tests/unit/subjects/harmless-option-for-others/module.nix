import ../_good/module.nix {
  moreOptions = { lib, config, ... }: {
    firmware = lib.mkOption {
      type = lib.types.package;
      description = "For the image builder.";
    };
    flash = lib.mkOption {
      type = lib.types.str;
      default = "dd if=${config.services.npu.firmware}/u-boot.itb";
      defaultText = "made of firmware";
      description = "For the image builder.";
    };
  };
}
