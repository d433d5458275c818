"""Failures of the device node, of who may use it, and of boards that are no RK3588."""

from __future__ import annotations

from rknn_validation.diagnosis.model import LIKELY, KnownFailure, Sign

RULES = (
    KnownFailure(
        "node-is-a-link", "device", "`hw_version = -1`, `unsupported target type: 0xffffffff`",
        "/dev/rknpu is a link to a render node: clients use it as a misc device and get invalid answers",
        "Remove the udev rule (SYMLINK) or script that creates the link; clients find the render node themselves.",
        "invisiofficial/rk-llama.cpp#19; airockchip/rknn-toolkit2#534",
        (Sign(r"/dev/rknpu is a symbolic link", ("device.is-the-drivers",)), Sign(r"hw_version = -1"),
         Sign(r"unsupported target type: 0xffffffff")),
        ("device.*", "access.*", "udev.*", "inference.*", "python.works-*"),
    ),
    KnownFailure(
        "node-made-by-hand", "device", "/dev/rknpu is a file, or has another major number than its kind",
        "the devnode was not created by the driver",
        "Remove it (mknod, tmpfiles `c`, a copied /dev) and let udev create it.",
        "ran",
        (Sign(r"is a regular (empty )?file, not a device|has major \d+, a \w+ device has",
              ("device.is-the-drivers",)),),
        ("device.*", "access.*", "udev.*", "inference.*"),
    ),
    KnownFailure(
        "node-of-another-driver", "device", "the node answers as another driver, or with another silicon's version",
        "the devnode that was taken for the NPU's belongs to another device",
        "Find the devnode by its driver, never by its number: /sys/class/drm/renderD*/device/driver, "
        "/sys/class/accel.",
        "istoreos/istoreos#2897",
        (Sign(r"belongs to the driver .*, not \w+|answers hardware version 0x", ("device.ioctl-answers",)),),
        ("device.*", "access.service-user-opens", "inference.*"),
        certainty=LIKELY,
    ),
    KnownFailure(
        "node-without-driver", "device", "`No such device` (or address) on open, though the node is there",
        "there is no driver behind the devnode: the driver was unloaded, or the devnode is stale",
        "Load the driver again; reboot if the devnode remains.",
        "ran; linux drivers/char/misc.c (ENODEV), fs/char_dev.c (ENXIO)",
        (
            Sign(r"(?s)root cannot open /dev/(rknpu|dri/).*No such device", ("device.opens",)),
            Sign(r"(?s)root cannot open .*No such device or address", ("device.opens",)),
        ),
        ("device.*", "access.*", "udev.*", "inference.*"),
        certainty=LIKELY,
    ),
    KnownFailure(
        "rule-names-an-unknown-group", "access", "udevd: `Unknown group 'npu', ignoring`",
        "the rule's group does not exist on the node, so udev ignores that part of the rule",
        "Create the group (users.groups.<name> = { };), or use the group render, which always exists.",
        "systemd src/udev/udev-rules.c",
        (Sign(r"(?i)unknown (group|user) '?[\w-]+'?|Failed to resolve (group|user)", ("udev.rules-accepted",)),),
        ("access.*", "udev.*"),
    ),
    KnownFailure(
        "rule-ignored", "access", "udevd: `Unknown key`, `Invalid … ignoring`",
        "udevd cannot parse a rule and ignores the line",
        "Correct the line; udevadm verify FILE shows what is wrong.",
        "systemd src/udev/udev-rules.c",
        (Sign(r"udevd says: ", ("udev.rules-accepted",)),),
        ("access.*", "udev.*"),
        certainty=LIKELY,
    ),
    KnownFailure(
        "rule-matches-nothing", "access", "the node stays root:root 0600; no rule of /etc/udev/rules.d names it",
        "no udev rule of the configuration applies to this devnode",
        "Match the device's attributes: vendor KERNEL==\"rknpu\" or DRIVERS==\"RKNPU\", mainline "
        'SUBSYSTEM=="accel".',
        "ran",
        (Sign(r"no rule of the configuration gives|no rule in /etc/udev/rules\.d sets anything"),),
        ("access.*", "udev.*"),
    ),
    KnownFailure(
        "rule-came-too-late", "access", "the node is right only after `udevadm trigger`",
        "the rule is newer than the device, and the device was not triggered after the switch",
        "Run udevadm trigger --action=add for the device, or reboot.",
        "ran",
        (Sign(r"it never saw the device's own uevent"),),
        ("access.*", "udev.*"),
    ),
    KnownFailure(
        "access-by-script", "access", "owner and mode are lost when the driver is bound again",
        "a script or tmpfiles line changed the devnode once, without udev",
        "Write a udev rule with GROUP and MODE instead of the script.",
        "ran",
        (Sign(r"and came back as|and udev makes it|udev leaves ", ("udev.survives-replug", "udev.restores-access")),),
        ("udev.survives-replug", "udev.restores-access", "udev.rule-applies"),
    ),
    KnownFailure(
        "changed-after-udev", "access", "owner, group or mode are not what the configuration's rules say",
        "the devnode was changed after udev had set it: by hand, a script, or a later rule",
        "Run udevadm trigger --action=add for the device; udevadm test shows which rule is applied last.",
        "ran",
        (Sign(r"/dev/\S+ is \S+ \d+, the configuration says", ("access.matches-configuration",)),),
        ("access.group-can-open", "access.service-user-opens", "udev.rule-applies", "python.works-as-service-user"),
        unless=(Sign(r"everybody may use it", ("access.closed-to-others",)),),
        certainty=LIKELY,
    ),
    KnownFailure(
        "world-writable", "access", "the NPU's node has mode 0666",
        "a rule opens the devnode to everybody; the vendor driver trusts the addresses that its clients pass",
        'Set MODE="0660", GROUP="render", and add the services that need it to that group.',
        "rockchip-linux/kernel drivers/rknpu/rknpu_gem.c",
        (Sign(r"everybody may use it", ("access.closed-to-others",)),),
        ("access.closed-to-others", "access.matches-configuration"),
    ),
    KnownFailure(
        "node-is-roots", "access", "works as root, `failed to open rknpu module` as anybody else",
        "the devnode belongs to root alone: no service can open it",
        'Add a udev rule with GROUP="render", MODE="0660".',
        "rockchip-linux/rknn-toolkit2#244",
        (Sign(r"belongs to group root", ("access.group-can-open",)),
         Sign(r"cannot open /dev/\S+ \(root:root 0[0-7]00\)", ("access.*",))),
        ("access.*", "python.works-as-service-user"),
    ),
    KnownFailure(
        "user-outside-the-group", "access", "`failed to open rknpu module, need to insmod rknpu dirver!`, not as root",
        "the service's user is not in the devnode's group, or its unit hides the device",
        'Set SupplementaryGroups = [ "render" ] or hardware.rknn.services; remove PrivateDevices, and add the '
        "devnode to DeviceAllow.",
        "rockchip-linux/rknn-toolkit2#244",
        (Sign(r"cannot open /dev/", ("access.service-user-opens",)),
         Sign(r"failed to open rknpu module", ("python.works-as-service-user",),
              # Root is in no group and needs none: what stops root as well is no matter of groups.
              unless=Sign(r"failed to open rknpu module", ("python.works-as-root",)))),
        ("python.works-as-service-user",),
        certainty=LIKELY,
    ),
    KnownFailure(
        "no-such-user", "access", "the inventory's service_user does not exist",
        "the user that the inventory names does not exist on the node",
        "Correct service_user of the node; a DynamicUser exists only while its service runs.",
        "systemd src/core/execute.c (217/USER)",
        (Sign(r"there is no user \S+ on the node", ("access.service-user-opens",)),),
    ),
    KnownFailure(
        "driver-forced-on-other-boards", "access", "an NPU driver is loaded on a board that is no RK3588",
        "modules-load.d names the driver, and so loads it on every board",
        "Load the driver by its modalias, or by a unit with "
        "ConditionFirmware=device-tree-compatible(rockchip,rk3588).",
        "ran",
        (Sign(r"is loaded on|modules-load\.d forces", ("guard.no-driver-forced",)),),
        ("guard.*", "units.*"),
    ),
    KnownFailure(
        "rule-too-wide", "access", "other devices got the NPU's group, or mode 0666",
        "a rule for the NPU matches other devices",
        'Match by driver or parent (DRIVERS=="RKNPU", KERNELS=="rknn"), not by a subsystem that many devices share.',
        "ran",
        (Sign(r"changed by a rule for the NPU", ("guard.devices-untouched",)),),
    ),
)  # fmt: skip
"""In the order of their layers, specific failures before general ones."""
