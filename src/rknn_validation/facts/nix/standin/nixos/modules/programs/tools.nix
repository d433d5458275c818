# Programs that are switched on rather than just installed.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) types;
  cfg = config.programs;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) lines off on;

  # Programs of which enabling is all there is to know: they are installed.
  plain = {
    htop = pkgs.htop;
    iotop = pkgs.iotop;
    mtr = pkgs.mtr;
    nano = pkgs.nano;
    tcpdump = pkgs.tcpdump;
    tmux = pkgs.tmux;
    vim = pkgs.vim;
  };
in
{
  options.programs = lib.mapAttrs (name: package: {
    enable = declare.flag (name == "nano");
    package = declare.package package;
  }) plain
  // {
    git = {
      enable = off;
      package = declare.package pkgs.git;
      config = declare.either (types.attrsOf types.attrs) (types.listOf types.attrs) { };
      prompt.enable = off;
      lfs.enable = off;
      lfs.enablePureSSHTransfer = off;
      lfs.package = declare.package pkgs.git-lfs;
    };
    direnv = {
      enable = off;
      package = declare.package pkgs.direnv;
      silent = off;
      loadInNixShell = on;
      direnvrcExtra = lines;
      settings = declare.tree;
      enableBashIntegration = on;
      enableZshIntegration = on;
      enableFishIntegration = on;
      enableXonshIntegration = on;
      nix-direnv.enable = on;
      nix-direnv.package = declare.package pkgs.nix-direnv;
    };
    less = {
      enable = on;
      package = declare.package pkgs.less;
      commands = declare.attrsOf types.str;
      clearDefaultCommands = off;
      lessopen = declare.maybe;
      lessclose = declare.maybe;
      envVariables = declare.attrsOf types.str;
      lineEditingKeys = declare.attrsOf types.str;
      configFile = declare.nullOr types.path;
    };
    command-not-found.enable = off;
    command-not-found.dbPath = declare.of types.path "/nix/var/nix/profiles/per-user/root/channels/nixos/programs.sqlite";
    dconf.enable = off;
    fuse.enable = on;
    fuse.userAllowOther = off;
    fuse.mountMax = declare.int 1000;
    gnupg.agent.enable = off;
    gnupg.agent.enableSSHSupport = off;
    gnupg.package = declare.package pkgs.gnupg;
    mosh.enable = off;
    mosh.openFirewall = on;
    ssh = {
      package = declare.package pkgs.openssh;
      startAgent = off;
      extraConfig = lines;
      knownHosts = declare.attrsOf types.attrs;
      knownHostsFiles = declare.paths;
      forwardX11 = declare.nullOr types.bool;
      setXAuthLocation = off;
      hostKeyAlgorithms = declare.strings;
      kexAlgorithms = declare.nullOr (types.listOf types.str);
      ciphers = declare.nullOr (types.listOf types.str);
      macs = declare.nullOr (types.listOf types.str);
    };
    neovim = {
      enable = off;
      package = declare.package pkgs.neovim;
      defaultEditor = off;
      viAlias = off;
      vimAlias = off;
    };
  };

  config = {
    environment.systemPackages = lib.concatLists (
      lib.mapAttrsToList (name: _: lib.optional cfg.${name}.enable cfg.${name}.package) (
        plain
        // {
          git = null;
          direnv = null;
          less = null;
        }
      )
    );
  };
}
