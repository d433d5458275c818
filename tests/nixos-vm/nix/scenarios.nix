# The scenarios of validation.yaml, which Nix cannot read; a test compares the two.
{
  vendor = {
    stack = "vendor";
    settings = {
      enable = true;
      stack = "vendor";
      services = [ "inference" ];
    };
    config.systemd.services.inference = {
      description = "A service that uses the NPU";
      script = "sleep infinity";
      serviceConfig.DynamicUser = true;
    };
  };
  mainline = {
    stack = "mainline";
    settings = {
      enable = true;
      stack = "mainline";
    };
    config = { };
  };
  disabled = {
    stack = "none";
    settings.enable = false;
    config = { };
  };
}
