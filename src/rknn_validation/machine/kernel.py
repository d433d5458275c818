"""The guest's kernel: Debian's, with the modules a board without peripherals can have a use for."""

from __future__ import annotations

import shutil
from pathlib import Path

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import MachineError
from rknn_validation.common.process import output

BOOT_MODULES = ("virtio_mmio", "virtio_blk", "virtio_console", "virtio_rng", "erofs", "overlay")
"""Modules the initramfs loads, besides those they declare to depend on."""

_NO_DRIVERS = (
    *("accessibility", "ata", "atm", "bluetooth", "crypto", "edac", "firewire", "hid", "hv", "hwmon", "iio"),
    *("infiniband", "media", "memstick", "message", "misc", "mmc", "mtd", "net/ethernet", "net/wireless", "net/can"),
    *("net/wwan", "net/dsa", "net/usb", "net/hamradio", "net/phy", "nfc", "nvme", "parport", "scsi", "soundwire"),
    *("staging", "target", "usb", "w1", "xen", "input/touchscreen", "input/joystick", "input/tablet", "ufs", "nvdimm"),
)
_NO_FILE_SYSTEMS = (
    *("9p", "adfs", "affs", "afs", "befs", "bfs", "btrfs", "cachefiles", "ceph", "cifs", "coda", "cramfs", "dlm"),
    *("ecryptfs", "efs", "exfat", "f2fs", "freevxfs", "fscache", "gfs2", "hfs", "hfsplus", "hpfs", "jffs2", "jfs"),
    *("ksmbd", "minix", "netfs", "nfs", "nfs_common", "nfsd", "nilfs2", "ntfs", "ntfs3", "ocfs2", "omfs", "orangefs"),
    *("qnx4", "qnx6", "reiserfs", "romfs", "smb", "smbfs_common", "sysv", "ubifs", "udf", "ufs", "xfs", "zonefs"),
)
_NO_NETWORKS = (
    *("6lowpan", "802", "9p", "appletalk", "atm", "ax25", "batman-adv", "bluetooth", "bridge/netfilter", "can", "ceph"),
    *("dccp", "dsa", "ieee802154", "ipv4/netfilter", "ipv6/netfilter", "kcm", "l2tp", "llc", "mac80211", "mac802154"),
    *("mpls", "mptcp", "netfilter", "netrom", "nfc", "openvswitch", "phonet", "qrtr", "rds", "rose", "rxrpc", "sched"),
    *("sctp", "smc", "sunrpc", "tipc", "vmw_vsock", "wireless"),
)

DROPPED = (
    *("./usr/share/doc/*", "./usr/lib/linux-image-*", "./boot/config-*", "./boot/System.map-*"),
    *("./usr/lib/modules/*/kernel/sound", "./usr/lib/modules/*/kernel/lib/test_*.ko.xz"),
    *(f"./usr/lib/modules/*/kernel/drivers/{name}" for name in _NO_DRIVERS),
    *(
        f"./usr/lib/modules/*/kernel/drivers/gpu/drm/{name}"
        for name in ("[a-r]*/*", "s[a-b]*/*", "s[d-z]*/*", "[t-z]*/*")
    ),
    *(f"./usr/lib/modules/*/kernel/fs/{name}" for name in _NO_FILE_SYSTEMS),
    *(f"./usr/lib/modules/*/kernel/net/{name}" for name in _NO_NETWORKS),
)
"""What of the kernel's package is left out: drivers of hardware and file systems that an emulated board never meets.

It is the difference between a quick `depmod` in the guest and one that takes half a minute.
"""


def set_aside(root: Path, target: Path, deadline: Deadline) -> str:
    """Index the modules unpacked in `root`; put `vmlinuz`, `modules.tar` and `boot-modules/` into `target`.

    The kernel's release.
    """
    vmlinuz = next((root / "usr/lib/modules").glob("*/vmlinuz"))
    release = vmlinuz.parent.name
    vmlinuz.rename(target / "vmlinuz")
    # A guest that has to decompress each of them is slower, and the initramfs cannot.
    output(["find", root / "usr/lib/modules", "-name", "*.ko.xz", "-exec", "xz", "--decompress", "{}", "+"], deadline)
    output(["depmod", "-b", root, release], deadline)
    modules = Path("lib/modules") / release
    output(["tar", "--create", "--file", target / "modules.tar", "--directory", root, modules], deadline)
    _boot_modules(root / modules, target / "boot-modules")
    return release


def _boot_modules(directory: Path, target: Path) -> None:
    depends = {}
    for line in (directory / "modules.dep").read_text().splitlines():
        path, _, needed = line.partition(":")
        depends[Path(path).stem.replace("-", "_")] = [path, *needed.split()]
    built_in = {Path(line).stem.replace("-", "_") for line in (directory / "modules.builtin").read_text().splitlines()}
    wanted: list[str] = []
    for name in BOOT_MODULES:
        if name in depends:
            wanted += [path for path in reversed(depends[name]) if path not in wanted]
        elif name not in built_in:
            raise MachineError(
                f"the kernel has no {name}", expected=f"{name} in {directory.name}", seen="no such module"
            )
    target.mkdir()
    for number, path in enumerate(wanted):
        shutil.copyfile(directory / path, target / f"{number:02}-{Path(path).name}")
