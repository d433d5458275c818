# Rights and hardening.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) types;
  cfg = config.security;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) lines off on;

  limit = declare.submodule {
    domain = declare.required types.str;
    type = declare.enum [
      "-"
      "hard"
      "soft"
    ] "-";
    item = declare.required (
      types.enum [
        "core"
        "data"
        "fsize"
        "memlock"
        "nofile"
        "rss"
        "stack"
        "cpu"
        "nproc"
        "as"
        "maxlogins"
        "maxsyslogins"
        "priority"
        "locks"
        "sigpending"
        "msgqueue"
        "nice"
        "rtprio"
      ]
    );
    value = declare.required (
      types.oneOf [
        types.str
        types.int
      ]
    );
  };
  sudoRule = declare.submodule {
    users = declare.listOf (types.either types.str types.int);
    groups = declare.listOf (types.either types.str types.int);
    host = declare.str "ALL";
    runAs = declare.str "ALL:ALL";
    commands = declare.listOf (
      types.either types.str (
        declare.submodule {
          command = declare.required types.str;
          options = declare.listOf (
            types.enum [
              "NOPASSWD"
              "PASSWD"
              "NOEXEC"
              "EXEC"
              "SETENV"
              "NOSETENV"
              "LOG_INPUT"
              "NOLOG_INPUT"
              "LOG_OUTPUT"
              "NOLOG_OUTPUT"
              "MAIL"
              "NOMAIL"
              "FOLLOW"
              "NOFLLOW"
              "INTERCEPT"
              "NOINTERCEPT"
            ]
          );
        }
      )
    );
  };
  sudo = package: default: {
    enable = declare.flag default;
    package = declare.package package;
    wheelNeedsPassword = on;
    execWheelOnly = off;
    configFile = lines;
    extraRules = declare.listOf sudoRule;
    extraConfig = lines;
    defaultOptions = declare.of (types.listOf types.str) [ "SETENV" ];
  };
in
{
  options.security = {
    allowSimultaneousMultithreading = on;
    allowUserNamespaces = on;
    unprivilegedUsernsClone = off;
    protectKernelImage = off;
    lockKernelModules = off;
    forcePageTableIsolation = off;
    virtualisation.flushL1DataCache = declare.maybe;
    lsm = declare.of (types.uniq (types.listOf types.str)) [ ];
    chromiumSuidSandbox.enable = off;
    polkit = {
      enable = off;
      package = declare.package pkgs.polkit;
      debug = off;
      extraConfig = lines;
      adminIdentities = declare.of (types.listOf types.str) [ "unix-group:wheel" ];
    };
    rtkit.enable = off;
    sudo = sudo pkgs.sudo true // {
      keepTerminfo = on;
    };
    sudo-rs = sudo pkgs.sudo-rs false;
    doas = {
      enable = off;
      wheelNeedsPassword = on;
      extraRules = declare.listOf types.attrs;
      extraConfig = lines;
    };
    apparmor = {
      enable = off;
      enableCache = off;
      killUnconfinedConfinables = off;
      packages = declare.packages;
      policies = declare.attrsOf types.attrs;
      includes = declare.attrsOf types.lines;
    };
    audit = {
      enable = declare.either types.bool (types.enum [ "lock" ]) false;
      rules = declare.strings;
      failureMode = declare.str "printk";
      backlogLimit = declare.int 64;
      rateLimit = declare.int 0;
    };
    auditd.enable = off;
    pam = {
      loginLimits = declare.listOf limit;
      services = declare.attrsOf types.attrs;
      u2f.enable = off;
      sshAgentAuth.enable = off;
    };
    pki = {
      installCACerts = on;
      certificateFiles = declare.paths;
      certificates = declare.strings;
      caCertificateBlacklist = declare.strings;
      useCompatibleBundle = off;
      caBundle = declare.of types.path "/etc/ssl/certs/ca-bundle.crt";
    };
    tpm2 = {
      enable = off;
      abrmd.enable = off;
      applyUdevRules = on;
      tssUser = declare.maybe;
      tssGroup = declare.maybe;
      pkcs11.enable = off;
      tctiEnvironment.enable = off;
    };
  };

  config = lib.mkMerge [
    (lib.mkIf cfg.sudo.enable {
      environment.systemPackages = [ cfg.sudo.package ];
      security.wrappers.sudo = {
        source = "${cfg.sudo.package}/bin/sudo";
        owner = "root";
        group = "root";
        setuid = true;
      };
    })
    (lib.mkIf cfg.rtkit.enable {
      security.polkit.enable = true;
      environment.systemPackages = [ pkgs.rtkit ];
    })
    (lib.mkIf cfg.polkit.enable {
      environment.systemPackages = [ cfg.polkit.package ];
      users.users.polkituser = {
        isSystemUser = true;
        description = "PolKit daemon";
        group = "polkituser";
      };
      users.groups.polkituser = { };
    })
  ];
}
