# What the base modules read of a configuration, by file below modules/.
#
# `declares` is what a module's options depend on (their defaults, types and what is applied to them), `defines` what
# its definitions do, `asks` the options of which its definitions only ask how they are defined, not their value;
# and `imports` says the same of the modules it imports. More than is listed here a module does
# not get in base.nix: what is missing fails there, and so does a name that no option has. A module that is not listed
# is evaluated for each request anew: slower, but right.
let
  unitTypes = [
    "systemd.enableStrictShellChecks"
    "systemd.package"
  ];
  graphics = [
    "hardware.graphics.enable"
    "hardware.graphics.enable32Bit"
    "hardware.graphics.extraPackages"
    "hardware.graphics.extraPackages32"
    "hardware.graphics.package"
    "hardware.graphics.package32"
  ];
  nothing = { };
  unitSets = prefix: map (set: "${prefix}.${set}") [ "units" "services" "sockets" "timers" "paths" "targets" "slices" ];
in
{
  "boot/file-systems.nix".defines = [
    "fileSystems"
    "powerManagement.cpuFreqGovernor"
  ];
  "boot/initrd.nix" = {
    declares = unitTypes ++ [ "boot.isContainer" ];
    defines = [
      "boot.initrd.enable"
      "boot.initrd.includeDefaultModules"
    ];
  };
  "boot/kernel.nix" = {
    declares = [
      "boot.kernel.features"
      "boot.kernel.randstructSeed"
      "boot.kernelPatches"
    ];
    defines = [
      "boot.blacklistedKernelModules"
      "boot.consoleLogLevel"
      "boot.extraModprobeConfig"
      "boot.isContainer"
      "boot.kernel.enable"
      "boot.kernelModules"
      "boot.kernelPackages"
      "boot.modprobeConfig.enable"
      "lib"
      "system.requiredKernelConfig"
    ];
  };
  "boot/loader.nix".declares = [
    "boot.isContainer"
    "hardware.deviceTree.enable"
    "hardware.deviceTree.name"
  ];
  "boot/modules-tree.nix".defines = [
    "boot.extraModulePackages"
    "boot.isContainer"
    "boot.kernel.enable"
    "boot.kernelPackages"
  ];
  "boot/options.nix".defines = [ "boot.kernel.sysctl" ];
  "config/binsh.nix" = {
    declares = [ "system.build.binsh" ];
    defines = [ "environment.shells" ];
  };
  "config/current-system.nix".defines = [
    "environment.extraOutputsToInstall"
    "environment.extraSetup"
    "environment.pathsToLink"
    "environment.systemPackages"
  ];
  "config/documentation.nix" = nothing;
  "config/environment.nix".defines = [
    "environment.profileRelativeSessionVariables"
    "environment.sessionVariables"
  ];
  "config/etc.nix".defines = [
    "environment.etc"
    "system.build.etc"
  ];
  "config/groups.nix" = {
    declares = [ "users.users" ];
    defines = [ "ids.gids" ];
    imports = {
      declares = [ "users.groups" ];
      asks = [ "users.extraGroups" ];
    };
  };
  "config/ldso.nix" = nothing;
  "config/locale.nix".defines = [
    "i18n.defaultLocale"
    "i18n.extraLocaleSettings"
    "i18n.glibcLocales"
    "time.timeZone"
  ];
  "config/pam-environment.nix".defines = [
    "environment.profileRelativeSessionVariables"
    "environment.profiles"
    "environment.sessionVariables"
    "security.wrapperDir"
    "system.build.pamEnvironment"
  ];
  "config/session-defaults.nix".defines = [
    "environment.profiles"
    "nix.nixPath"
  ];
  "config/set-environment.nix".defines = [
    "environment.extraInit"
    "environment.homeBinInPath"
    "environment.localBinInPath"
    "environment.profileRelativeEnvVars"
    "environment.profiles"
    "environment.variables"
    "system.build.setEnvironment"
  ];
  "config/system-path.nix".defines = [
    "environment.corePackages"
    "environment.defaultPackages"
    "systemd.package"
  ];
  "config/user-checks.nix".defines = [ "users.users" ];
  "config/users.nix" = {
    declares = [ "users.defaultUserShell" ];
    defines = [
      "ids.uids"
      "users.defaultUserShell"
    ];
    imports = {
      declares = [ "users.users" ];
      asks = [ "users.extraUsers" ];
    };
  };
  "hardware/device-tree.nix" = {
    declares = [
      "boot.kernelPackages"
      "hardware.deviceTree.kernelPackage"
    ];
    defines = [
      "hardware.deviceTree.dtbSource"
      "hardware.deviceTree.enable"
      "hardware.deviceTree.overlays"
    ];
    imports.asks = [ "hardware.deviceTree.base" ];
  };
  "hardware/devices.nix".defines = [
    "hardware.i2c.enable"
    "hardware.i2c.group"
    "hardware.uinput.enable"
  ];
  "hardware/firmware.nix" = {
    declares = [ "hardware.enableAllFirmware" ];
    defines = [
      "hardware.enableAllFirmware"
      "hardware.enableRedistributableFirmware"
    ];
  };
  "hardware/graphics.nix" = {
    defines = graphics;
    imports = {
      declares = graphics;
      asks = [ "hardware.opengl" ];
    };
  };
  "misc/assertions.nix" = nothing;
  # What it hands to modules are functions of what they read themselves.
  "misc/extra-arguments.nix" = nothing;
  "misc/ids.nix" = nothing;
  "misc/lib.nix" = nothing;
  "misc/meta.nix" = nothing;
  "misc/nixpkgs.nix" = {
    declares = [ "nixpkgs" ];
    defines = [ "nixpkgs" ];
  };
  "misc/renames.nix".imports = {
    declares = [
      "boot.tmp.cleanOnBoot"
      "boot.tmp.tmpfsSize"
      "boot.tmp.useTmpfs"
      "console.font"
      "console.keyMap"
    ];
    asks = [
      "boot.cleanTmpDir"
      "boot.loader.raspberryPi"
      "boot.tmpOnTmpfs"
      "boot.tmpOnTmpfsSize"
      "environment.noXlibs"
      "i18n.consoleFont"
      "i18n.consoleKeyMap"
      "sound"
    ];
  };
  "network/firewall.nix" = nothing;
  "network/options.nix" = {
    declares = [
      "networking.domain"
      "networking.fqdn"
      "networking.hostName"
    ];
    defines = [
      "ids.gids"
      "networking.extraHosts"
      "networking.hostName"
      "networking.hosts"
      "networking.networkmanager.enable"
    ];
  };
  "nix/nix.nix" = {
    declares = [ "nix.channel.enable" ];
    defines = [
      "ids.gids"
      "nix.enable"
      "nix.extraOptions"
      "nix.gc"
      "nix.package"
    ];
    imports = {
      declares = [ "nix.settings" ];
      asks = [
        "nix.allowedUsers"
        "nix.autoOptimiseStore"
        "nix.binaryCachePublicKeys"
        "nix.binaryCaches"
        "nix.buildCores"
        "nix.maxJobs"
        "nix.sandboxPaths"
        "nix.systemFeatures"
        "nix.trustedBinaryCaches"
        "nix.trustedUsers"
        "nix.useSandbox"
      ];
    };
  };
  "programs/nix-ld.nix".defines = [
    "programs.nix-ld.enable"
    "programs.nix-ld.libraries"
    "programs.nix-ld.package"
  ];
  "programs/shell-init.nix".defines = [
    "environment.interactiveShellInit"
    "environment.loginShellInit"
    "environment.shellInit"
    "programs.bash.interactiveShellInit"
    "programs.bash.loginShellInit"
    "programs.bash.promptInit"
    "programs.bash.shellInit"
    "system.build.setEnvironment"
  ];
  "programs/shells.nix".defines = [
    "programs.fish.enable"
    "programs.fish.package"
    "programs.zsh.enable"
  ];
  "programs/tools.nix".defines = [ "programs" ];
  "security/options.nix".defines = [
    "security.polkit.enable"
    "security.polkit.package"
    "security.rtkit.enable"
    "security.sudo.enable"
    "security.sudo.package"
  ];
  "security/polkit.nix".defines = [
    "security.polkit.enable"
    "system.path"
  ];
  "security/wrappers.nix".defines = [
    "security.enableWrappers"
    "security.wrapperDir"
    "security.wrappers"
  ];
  "services/k3s.nix".defines = [ "services.k3s" ];
  "services/openssh.nix" = {
    declares = [ "services.openssh.enable" ];
    defines = [
      "services.openssh.enable"
      "services.openssh.openFirewall"
      "services.openssh.package"
      "services.openssh.ports"
      "services.openssh.startWhenNeeded"
    ];
    imports = {
      declares = [
        "services.openssh.enable"
        "services.openssh.settings"
      ];
      asks = [
        "services.openssh.forwardX11"
        "services.openssh.gatewayPorts"
        "services.openssh.kbdInteractiveAuthentication"
        "services.openssh.logLevel"
        "services.openssh.passwordAuthentication"
        "services.openssh.permitRootLogin"
        "services.openssh.useDns"
        "services.sshd.enable"
      ];
    };
  };
  "services/system.nix" = {
    declares = [
      "boot.isContainer"
      "networking.hostName"
    ];
    defines = [
      "ids.gids"
      "ids.uids"
      "services.dbus.dbusPackage"
      "services.dbus.enable"
      "services.journald.extraConfig"
      "services.journald.storage"
    ];
  };
  "services/udev.nix" = {
    declares = [ "boot.isContainer" ];
    defines = [
      "hardware.firmware"
      "networking.usePredictableInterfaceNames"
      "services.udev.enable"
      "services.udev.extraHwdb"
      "services.udev.extraRules"
      "systemd.package"
    ];
  };
  "system/activation.nix".defines = [
    "environment.binsh"
    "environment.usrbinenv"
    "networking.hostName"
  ];
  "system/systemd-daemons.nix" = nothing;
  "system/systemd-units.nix".defines = unitSets "systemd" ++ unitSets "systemd.user" ++ [ "systemd.mounts" "systemd.automounts" ];
  "system/systemd.nix" = {
    declares = unitTypes;
    defines = [
      "systemd.services"
      "systemd.user.services"
    ];
    imports.asks = [
      "systemd.enableUnifiedCgroupHierarchy"
      "systemd.extraConfig"
    ];
  };
  "system/tmpfiles.nix".defines = [
    "systemd.tmpfiles.packages"
    "systemd.tmpfiles.rules"
    "systemd.tmpfiles.settings"
  ];
  "system/top-level.nix" = {
    declares = [ "networking.hostName" ];
    defines = [
      "assertions"
      "system.activationScripts"
      "system.extraDependencies"
      "system.name"
      "system.nixos.label"
      "system.systemBuilderCommands"
      "warnings"
    ];
  };
  "system/version.nix" = {
    declares = [ "system.nixos.version" ];
    defines = [
      "system.nixos.distroId"
      "system.nixos.distroName"
    ];
  };
  "virtualisation/containers.nix".defines = [
    "ids.gids"
    "virtualisation"
  ];
  "virtualisation/nixos-containers.nix".defines = [ "containers" ];
  "virtualisation/oci-containers.nix" = {
    declares = [ "virtualisation.oci-containers.backend" ];
    defines = [
      "virtualisation.docker.package"
      "virtualisation.oci-containers"
      "virtualisation.podman.package"
    ];
  };
}
