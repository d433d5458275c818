# A host's own kernel, initrd and closure, as a directory that an emulated board boots in place of the Debian guest.
#
# kernel, initrd, cmdline, root.erofs (mounted on /nix/store), board.dtb where the host names a device tree, and
# guest.json: what it is, in what it differs from the host, and what stands in for the real thing.
{
  # The host, as lib.nixosSystem gives it.
  host,
  name ? host.config.networking.hostName,
  # { scenario, option, settings, config }: what a scenario sets; null for the host as it is.
  request ? null,
}:

let
  inherit (host) pkgs;
  inherit (pkgs) lib;

  scenario = lib.optional (request != null) {
    _file = "scenario ${request.scenario}";
    config = lib.mkMerge [
      (lib.setAttrByPath request.option request.settings)
      request.config
    ];
  };
  # The system that is judged, and the same one able to run on the board.
  plain = host.extendModules { modules = scenario; };
  system = host.extendModules {
    modules = scenario ++ [ (import ./module.nix { inherit plain; }) ];
  };
  inherit (system) config;
  inherit (config.system.build) toplevel;
  inherit (config.boot.kernelPackages) kernel;
  tree = config.hardware.deviceTree;

  # Need a network, a disk that stays, or an hour: masked on the kernel's command line, so that no unit is changed.
  masked = [
    "dhcpcd.service"
    "k3s.service"
    "NetworkManager-wait-online.service"
    "sshd-keygen.service"
    "sshd.service"
    "systemd-networkd-wait-online.service"
    "systemd-timesyncd.service"
    "timers.target"
  ];

  about = {
    format = 1;
    host = name;
    scenario = if request == null then null else request.scenario;
    system = pkgs.stdenv.hostPlatform.system;
    nixos = config.system.nixos.release;
    kernel = kernel.modDirVersion;
    toplevel = "${toplevel}";
    init = "${toplevel}/init";
    changes =
      lib.optional (
        request != null
      ) "settings of scenario ${request.scenario}: ${builtins.toJSON request.settings}"
      ++ [
        "file systems: root on tmpfs, the store on erofs, none of the host's own"
        "initial ramdisk: loads virtio and erofs drivers"
        "service harness-agent: runs the harness's commands"
        "masked, for want of a network or a disk: ${lib.concatStringsSep ", " masked}"
      ];
    standIns = [ ];
  };
in
if !pkgs.stdenv.hostPlatform.isAarch64 then
  throw "${name} is a ${pkgs.stdenv.hostPlatform.system} host: the emulated boards are aarch64-linux"
else
  pkgs.runCommand "guest-${name}"
    {
      nativeBuildInputs = [
        pkgs.buildPackages.erofs-utils
        pkgs.buildPackages.jq
      ];
      closure = pkgs.closureInfo { rootPaths = [ toplevel ]; };
      about = builtins.toJSON about;
      cmdline = toString (config.boot.kernelParams ++ map (unit: "systemd.mask=${unit}") masked);
      passAsFile = [
        "about"
        "cmdline"
      ];
      passthru = {
        inherit about system;
      };
    }
    ''
      mkdir -p $out store
      cp -L ${config.system.build.kernel}/${config.system.boot.loader.kernelFile} $out/kernel
      cp -L ${config.system.build.initialRamdisk}/${config.system.boot.loader.initrdFile} $out/initrd
      ${lib.optionalString (
        tree.enable && tree.name != null
      ) "cp -L ${tree.package}/${tree.name} $out/board.dtb"}
      cp $cmdlinePath $out/cmdline
      # The drivers' build is the one that knows which real ones they took the place of.
      jq --rawfile drivers ${config.system.build.simulatedDrivers}/nix-support/stand-ins \
        '.standIns += ($drivers | split("\n") | map(select(. != "")))' $aboutPath > $out/guest.json
      xargs cp -a --target-directory=store < $closure/store-paths
      mkfs.erofs -T1 --all-root $out/root.erofs store
    ''
