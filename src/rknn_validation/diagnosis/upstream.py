"""Failures of node, board and kernel: nothing below them can work."""

from __future__ import annotations

from rknn_validation.checks.model import Status
from rknn_validation.diagnosis.model import LIKELY, POSSIBLE, KnownFailure, Sign, said, unasked

NPU = ("driver.*", "device.*", "access.*", "udev.*", "power.*", "inference.*", "kernel.*", "python.works-*")
"""What cannot work without the driver on the NPU."""
_NO_RKNPU = r"the running kernel has no driver rknpu|no ROCKCHIP_RKNPU in the running kernel"
_MAINLINE_TREE = r"rockchip,rk3588-rknn-core"

RULES = (
    KnownFailure(
        "host-key-changed", "node", "every check is inconclusive: `its host key has changed`",
        "the node's host key differs from the known one: it was reinstalled, or it is another machine",
        "Verify which machine it is, then remove the old key: ssh-keygen -R HOST.",
        "OpenSSH sshconnect.c",
        (unasked(r"its host key has changed|HOST IDENTIFICATION HAS CHANGED"),),
    ),
    KnownFailure(
        "host-key-unknown", "node", "every check is inconclusive: `its host key is not known`",
        "the node's host key has not been accepted yet",
        "Compare the key and add it to known_hosts, or use --accept-new-host-keys once.",
        "OpenSSH sshconnect.c",
        (unasked(r"its host key is not known|Host key verification failed"),),
    ),
    KnownFailure(
        "login-refused", "node", "every check is inconclusive: `it refuses the key`",
        "the node does not accept this key for this user",
        "Set user and identity in the inventory, and add the public key to users.users.<name>.openssh.authorizedKeys.",
        "OpenSSH sshconnect2.c",
        (unasked(r"it refuses the key|does not use a private key|Permission denied \((publickey|pass)"),),
    ),
    KnownFailure(
        "no-root", "node", "every check is inconclusive: `commands cannot be run as root`",
        "checks run as root, and the user cannot become root, or not without a password",
        "Set sudo: ask in the inventory, or security.sudo.wheelNeedsPassword = false for that user.",
        "sudo plugins/sudoers",
        (unasked(r"commands (cannot be run|do not run) as root|sudo refuses the password|sudo: a password is"),),
    ),
    KnownFailure(
        "name-unknown", "node", "every check is inconclusive: `its name cannot be resolved`",
        "the name of the node has no address",
        "Correct host: in the inventory, or the name service.",
        "OpenSSH sshconnect.c",
        (unasked(r"its name cannot be resolved|Could not resolve hostname"),),
    ),
    KnownFailure(
        "node-rebooted", "node", "checks are inconclusive from one on: `rebooted while it was asked`",
        "the node rebooted while it was asked: by hand, after a panic, or because of its power supply",
        "Run the checks again; if it happens again, read journalctl -b -1 -e, and the serial console for a panic.",
        "ran",
        (unasked(r"rebooted while it was asked"),),
    ),
    KnownFailure(
        "no-sshd", "node", "every check is inconclusive: `nothing listens at its SSH port`",
        "the machine answers, but no sshd listens at that port",
        "Correct port: in the inventory, set services.openssh.enable = true, or run systemctl status sshd on its "
        "console.",
        "OpenSSH sshconnect.c",
        (unasked(r"nothing listens at its SSH port|Connection refused"),),
        # It listened a moment ago: the node went down, or its sshd did.
        unless=(unasked(r"the link to it was lost before"),),
    ),
    KnownFailure(
        "link-lost", "node", "checks are inconclusive from one on: `the link to … was lost`",
        "the connection was lost while the node was asked, and could not be restored",
        "Check the node's network and power supply, and journalctl -u sshd.",
        "OpenSSH clientloop.c",
        (unasked(r"the link to \S+ was lost|ended a command without an answer"),),
        certainty=LIKELY,
    ),
    KnownFailure(
        "node-silent", "node", "every check is inconclusive: `it does not answer`, `there is no route to it`",
        "the node cannot be reached: it is off, hung, or has another address",
        "Check power, network and address; the serial console shows whether it is up.",
        "OpenSSH sshconnect.c",
        (unasked(r"it does not answer|there is no route to it|it ended the connection|no longer answers"),),
        certainty=LIKELY,
    ),
    KnownFailure(
        "command-hangs", "node", "single checks are inconclusive: `gave up waiting for`",
        "a command did not end in time: it hangs in the kernel, or the node is overloaded",
        "Look for processes in state D and read their /proc/PID/stack; if the node is only slow, raise "
        "--command-deadline or --node-deadline, whichever the reason names.",
        "ran",
        (unasked(r"gave up waiting for"),),
        certainty=POSSIBLE,
    ),
    KnownFailure(
        "clock-wrong", "node", "identity.clock fails; TLS says certificates are not yet valid",
        "the node's clock is wrong: it has no time server, and no battery for its clock",
        "Set services.timesyncd.enable = true and a time server that the node can reach; run hwclock --systohc.",
        "ran",
        (Sign(r"the node's clock is ", ("identity.clock",)),),
        certainty=LIKELY,
    ),
    KnownFailure(
        "disk-full", "node", "`No space left on device`",
        "a file system of the node is full",
        "Free space: df -h; nix-collect-garbage --delete-older-than 14d; journalctl --vacuum-size=200M.",
        "linux include/uapi/asm-generic/errno-base.h (ENOSPC)",
        (Sign(r"No space left on device|MiB are left on "),),
        ("units.*", "inference.*", "identity.disk-space"),
    ),
    KnownFailure(
        "another-board", "board", "identity.board fails: the model is another than the inventory's",
        "the node is another board than the inventory says",
        "Correct `board:` of the node, or the host name that leads to the wrong machine.",
        "ran",
        (Sign(r"the inventory says", ("identity.board",)),),
        ("*",),
    ),
    KnownFailure(
        "device-tree-masked", "board", "`Please specify the target in init_runtime!`; identity.board cannot tell",
        "the program cannot read /proc/device-tree: it runs in a container, or with ProcSubset=pid",
        "Run it on the node, or make /proc/device-tree visible in the container; remove ProcSubset=pid from the unit.",
        "airockchip/rknn-toolkit2#33",
        (Sign(r"Please specify the target|does not recognise a Rockchip board", ("python.*", "inference.*")),
         Sign(r"device tree cannot be read here", ("identity.board",)),
         Sign(r"its device tree is masked", ("container.device-tree-visible",))),
        ("python.works-*", "inference.*", "identity.board", "container.device-tree-visible"),
    ),
    KnownFailure(
        "old-kernel-booted", "kernel", "the release that runs is not the system's",
        "the system was switched to another kernel without a reboot, or the boot loader starts an older generation",
        "Reboot; if the old kernel comes back, check the boot loader's entries.",
        "ran",
        (Sign(r"was switched to another kernel|runs, the configuration says", ("kernel.release-matches",)),),
        NPU,
    ),
    KnownFailure(
        "mainline-kernel-for-the-vendor-stack", "kernel",
        "`failed to open rknpu module`; no driver rknpu, and the tree has rknn-core nodes",
        "the vendor stack is configured, but the node boots a mainline kernel and device tree",
        'Set hardware.rknn.stack = "mainline", or add the rknpu module and its overlay (hardware.rknn.driver).',
        "igou-io/igou-kubernetes#869",
        (Sign(rf"(?s)(?:{_NO_RKNPU}).*{_MAINLINE_TREE}"),),
        NPU,
    ),
    KnownFailure(
        "vendor-kernel-for-the-mainline-stack", "kernel",
        "no /dev/accel; no driver rocket, and the tree has an rknpu node",
        "the mainline stack is configured, but the node boots Rockchip's kernel and device tree",
        'Set hardware.rknn.stack = "vendor", or use a kernel from kernel.org of 6.18 or later with its own device '
        "tree.",
        "ran",
        (Sign(r"(?s)the running kernel has no driver rocket.*rockchip,rk3588-rknpu"),),
        NPU,
    ),
    KnownFailure(
        "kernel-before-6.18", "kernel", "no /dev/accel/accel0 on Linux 6.17 or older",
        "kernels before 6.18 do not include rocket",
        "Set boot.kernelPackages = pkgs.linuxPackages_6_18 or later.",
        "ran",
        (Sign(r"has no rocket; 6\.18 is the first"),),
        NPU,
        # A kernel that had the driver ported back has it bound.
        unless=(Sign(r"rocket has fda", ("driver.matches-stack",), (Status.PASS,)),),
    ),
    KnownFailure(
        "rocket-not-configured", "kernel", "no /dev/accel/accel0; the running configuration lacks DRM_ACCEL or _ROCKET",
        "the running kernel was built without DRM_ACCEL, DRM_ACCEL_ROCKET or what they depend on",
        "Set boot.kernelPackages = pkgs.linuxPackages_rocket (overlay linux-rknpu), which enables them.",
        "ran",
        (
            Sign(r"lacks (DRM_ACCEL|ROCKCHIP_IOMMU|ARCH_ROCKCHIP)|no DRM_ACCEL_ROCKET in the running kernel"),
            Sign(r"the running kernel has no driver rocket"),
        ),
        NPU,
    ),
    KnownFailure(
        "rknpu-not-in-the-kernel", "kernel", "`failed to open rknpu module`; modprobe knows no rknpu",
        "the running kernel has no rknpu: no kernel from kernel.org has ROCKCHIP_RKNPU, whatever is configured",
        "Set hardware.rknn.driver.package (the out-of-tree module), or use Rockchip's own kernel.",
        "rockchip-linux/kernel drivers/rknpu/Kconfig",
        (Sign(_NO_RKNPU),),
        NPU,
    ),
    KnownFailure(
        "module-unsigned", "kernel", "`Key was rejected by service`",
        "the kernel requires signed modules, and the driver has no known signature",
        "Sign the module with the kernel's key, or boot without module.sig_enforce and lockdown.",
        "linux kernel/module/signing.c",
        (said("unsigned-module"),),
        NPU,
    ),
    KnownFailure(
        "module-of-another-kernel", "kernel", "`disagrees about version of symbol`, `version magic … should be`",
        "the driver was built for another kernel than the running one",
        "Take the module from config.boot.kernelPackages, never from a fixed pkgs.linuxPackages.",
        "linux kernel/module/main.c, kernel/module/version.c",
        (said("module-of-another-kernel"),),
        NPU,
    ),
    KnownFailure(
        "module-lacks-symbols", "kernel", "`rknpu: Unknown symbol …`",
        "the kernel lacks a function that the driver calls: it is too old, too new, or built without it",
        "Use a kernel that the module is known to work with: docs/kernels.md.",
        "linux kernel/module/main.c",
        (said("module-lacks-symbols"),),
        NPU,
    ),
    KnownFailure(
        "driver-not-loaded", "kernel", "lsmod lacks the driver though modprobe knows it",
        "the driver exists, but nothing loaded it: no modalias matched, and no unit names it",
        "Set hardware.rknn.driver.enable = true, or use a device tree whose node matches the driver; then reboot.",
        "ran",
        (Sign(r"is there, but nothing loaded it"),),
        NPU,
    ),
    KnownFailure(
        "driver-crashed", "kernel", "`Oops`, `pc : rknpu_job_wait+0x118/0x3c0 [rknpu]`",
        "the kernel crashed in the NPU's driver; nothing that was seen after it counts",
        "Reboot. Use driver 0.9.8 or a newer kernel, and one client at a time until then.",
        "rockchip-linux/rknpu2#13; igou-io/igou-kubernetes#869",
        (said("kernel-crash-in-driver"),),
        ("kernel.log-healthy", "kernel.no-known-errors", "kernel.last-boot-ended-well", "device.*", "inference.*"),
    ),
    KnownFailure(
        "kernel-crashed", "kernel", "`Internal error: Oops`, `Kernel panic`, `Unable to handle kernel`",
        "the kernel crashed, in which driver its lines do not say; nothing seen after it in that boot counts",
        "Read the whole of it (journalctl -k -b; pc, Comm and Call trace name the place), reboot, and ask again.",
        "rockchip-linux/rknpu2#13",
        (said("kernel-crash"),),
        ("kernel.log-healthy", "kernel.no-known-errors", "kernel.last-boot-ended-well"),
        unless=(said("kernel-crash-in-driver", "power-on-fault"),),
        certainty=LIKELY,
    ),
    KnownFailure(
        "driver-deadlock", "kernel", "the node hangs with several threads on the NPU; `BUG: spinlock`",
        "the vendor driver of the rkr6 kernels has a deadlock",
        "Use a newer vendor kernel (rkr7.1, or 6.1); until then use one thread at a time.",
        "armbian/linux-rockchip#157",
        (said("spinlock"),),
        ("device.*", "access.service-user-opens", "inference.*", "kernel.*"),
        certainty=LIKELY,
    ),
    KnownFailure(
        "processors-off", "board", "identity.cores fails",
        "processors are offline or missing in the device tree",
        "Remove maxcpus= or nr_cpus= from boot.kernelParams, and use a device tree with all eight processors.",
        "ran",
        (Sign(r"processors are off|found \d processors", ("identity.cores",)),),
        certainty=POSSIBLE,
    ),
)  # fmt: skip
"""In the order of their layers, specific failures before general ones."""
