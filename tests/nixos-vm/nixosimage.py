"""A stand-in for a NixOS guest where no Nix package can be had: Debian's programs in the layout of NixOS.

Real about it: the directory's format, a store of its own on erofs, a root on tmpfs, stage 1 handing over to the
`init` of a system in the store, activation that makes /etc from the store before systemd starts, /run/booted-system and
/run/current-system, units, rules and modules under store paths. The programs are Debian's, and `guest.json` says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.process import output
from rknn_validation.common.workspace import workspace
from rknn_validation.machine import guestcode
from rknn_validation.machine.activation import Installation
from rknn_validation.machine.activation.boot import ACTIVATE
from rknn_validation.machine.activation.layout import BASE, SYSTEM
from rknn_validation.machine.base import base_tree
from rknn_validation.machine.identity import Identity, overlay
from rknn_validation.machine.image import Image
from rknn_validation.machine.tree import Directory, Entry, File, Link, cpio
from rknn_validation.npu.boards import BOARDS

STAGE_1 = Path(__file__).parent / "stage1.c"
VERSION = "stand-in (Debian 12 in NixOS's layout)"
COPIED = {"passwd": "644", "group": "644", "shadow": "600", "gshadow": "600", "machine-id": "444"}
"""Files of /etc that are no links into the store, and their modes."""
MASKED = ("k3s.service", "timers.target")
"""As on a host: by the kernel's command line, whether they are there or not."""
LEFT_OUT = (
    "/etc/systemd/system/nixos-activation.service",  # the Debian guest's way of running activation
    "/etc/systemd/system/sysinit.target.wants/nixos-activation.service",
    f"{SYSTEM}/init",
    f"{SYSTEM}/kernel-modules/lib/modules",
    "/nix/store",
    "/usr/bin/sh",
    "/var/.updated",
)


def store(name: str) -> str:
    """A store path of that name."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:32].replace("e", "z")
    return f"/nix/store/{digest}-{name}"


USERLAND = store("debian-12-userland")
MODULES = store("linux-modules")
UNITS = store("system-units")
RULES = store("udev-rules")
ETC = store("etc")
AGENT = store("harness-agent")
SYSTEMD = store("systemd-252")
PLACES = {
    "/etc/systemd/system/": f"{UNITS}/",
    "/etc/udev/rules.d/": f"{RULES}/",
    "/usr/lib/udev/rules.d/": f"{RULES}/",
    "/etc/": f"{ETC}/etc/",
    "/usr/lib/modules/": f"{MODULES}/lib/modules/",
    "/usr/lib/harness/": f"{AGENT}/bin/",
}
"""Where in the store lies what the Debian guest has elsewhere."""

INIT = """\
#!{bash}
# Stage 2, as far as NixOS's does it on a root that was made a moment ago.
systemConfig={system}
export PATH={programs}
mkdir -p -m 1777 /tmp
mkdir -p /var /home /nix/var/nix
"$systemConfig/activate" 2>&1 | while read -r line; do echo "stage-2-init: $line" >/dev/kmsg; done
exec "$systemConfig/systemd/lib/systemd/systemd"
"""

ETC_SCRIPT = """\
# /etc from the store: links, and copies of what others write to.
export PATH={programs}
mkdir -p /etc {directories}
ln -sfn {etc}/etc /etc/static
cp -rs /etc/static/. /etc/
{copies}
"""


@dataclass(frozen=True)
class Making:
    """What an image is made of."""

    image: Image
    programs: Mapping[str, bytes]
    installation: Installation
    host: str
    scenario: str

    @property
    def system(self) -> str:
        """The system's store path."""
        return store(f"nixos-system-{self.host}-stand-in")

    def entries(self) -> dict[str, Entry]:
        """Everything of the configuration and of the harness, by path in the store."""
        laid: dict[str, Entry] = {**base_tree(self.programs["agent"]), **self.installation.tree}
        laid["/etc/hostname"] = File(f"{self.host}\n".encode())
        found: dict[str, Entry] = {}
        for path, entry in laid.items():
            if path not in LEFT_OUT and not (isinstance(entry, Directory) and not path.startswith("/nix/store/")):
                found[self._renamed(self._placed(path))] = self._rewritten(entry)
        directories = [path for path, entry in laid.items() if isinstance(entry, Directory)]
        return {**found, **self._system(laid[ACTIVATE], [path for path in directories if path[1:4] != "nix"])}

    def _placed(self, path: str) -> str:
        if path.startswith("/nix/store/"):
            return path
        for old, new in PLACES.items():
            if path.startswith(old):
                return new + path.removeprefix(old)
        raise ValueError(f"{path} has no place in a NixOS layout")

    def _renamed(self, text: str) -> str:
        return text.replace(SYSTEM, self.system)

    def _rewritten(self, entry: Entry) -> Entry:
        match entry:
            case File(data, mode) if not data.startswith(b"\x7fELF"):
                programs = f"{BASE}/bin/bash {BASE}/bin"
                text = data.replace(b"/usr/lib/harness/agent", f"{AGENT}/bin/agent {programs}".encode())
                return File(text.replace(SYSTEM.encode(), self.system.encode()), mode)
            case Link(target):
                return Link(self._renamed(target))
        return entry

    def _system(self, activate: Entry, directories: list[str]) -> dict[str, Entry]:
        assert isinstance(activate, File)
        names = {"bash": f"{BASE}/bin/bash", "system": self.system, "programs": f"{BASE}/bin", "etc": ETC}
        copies = "".join(
            f"cp --remove-destination {ETC}/etc/{name} /etc/{name} && chmod {mode} /etc/{name}\n"
            for name, mode in COPIED.items()
        )
        first = ETC_SCRIPT.format(**names, copies=copies, directories=" ".join(directories))
        head, _, rest = activate.data.decode().partition("\n")
        script = f"{head}\n{first}{self._renamed(rest)}"
        return {
            f"{self.system}/init": File(INIT.format(**names).encode(), 0o555),
            f"{self.system}/activate": File(script.encode(), 0o555),
            f"{self.system}/etc": Link(f"{ETC}/etc"),
            f"{self.system}/systemd": Link(SYSTEMD),
            f"{self.system}/kernel-modules": Link(MODULES),
            f"{self.system}/nixos-version": File(VERSION.encode()),
            f"{self.system}/system": File(b"aarch64-linux"),
            f"{SYSTEMD}/lib/systemd/systemd": Link("/usr/lib/systemd/systemd"),
            f"{ETC}/etc/systemd/system": Link(UNITS),
            f"{ETC}/etc/udev/rules.d": Link(RULES),
        }

    def key(self) -> str:
        """A hash of everything that decides what the image holds."""
        parts = [self.image.digest, self.host, self.scenario, Path(__file__).read_text(), STAGE_1.read_text()]
        parts += [f"{path}{entry}" for path, entry in sorted(self.entries().items())]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def make(self, target: Path, deadline: Deadline) -> None:
        """Write the guest to a directory."""
        (target / "kernel").write_bytes(self.image.kernel.read_bytes())
        (target / "initrd").write_bytes(self._initrd(deadline))
        masks = " ".join(f"systemd.mask={unit}" for unit in MASKED)
        (target / "cmdline").write_text(f"console=ttyS2,1500000n8 loglevel=4 standin.userland={USERLAND} {masks}\n")
        tree = "/dts-v1/;\n" + overlay(Identity(BOARDS["orangepi-5-plus"], self.installation.npu))
        compiled = output(["dtc", "-q", "-I", "dts", "-O", "dtb", "-"], deadline, stdin=tree.encode())
        (target / "board.dtb").write_bytes(compiled)
        about = {
            "format": 1,
            "host": self.host,
            "scenario": self.scenario,
            "system": "aarch64-linux",
            "nixos": VERSION,
            "kernel": self.image.release,
            "toplevel": self.system,
            "init": f"{self.system}/init",
            "changes": ["nothing of nixpkgs: a stand-in that has NixOS's layout and Debian's programs"],
            "standIns": ["device tree: identity and NPU node alone", *self.installation.stand_ins],
        }
        (target / "guest.json").write_text(json.dumps(about, indent=1))
        with workspace() as work:
            options = ("--no-preserve-owner", "--preserve-perms", f"--extract={work / 'debian'}")
            output(["fsck.erofs", *options, self.image.rootfs], deadline)
            root = work / "root"
            _arrange(work / "debian", root)
            for path, entry in self.entries().items():
                _write(root / path.lstrip("/"), entry)
            output(["mkfs.erofs", "-T1", "--all-root", target / "root.erofs", root / "nix/store"], deadline)

    def _initrd(self, deadline: Deadline) -> bytes:
        with workspace() as work:
            flags = ("-static", "-Os", "-s", "-Wall", "-Wextra", "-Wno-unused-result")
            output([guestcode.COMPILER, *flags, "-o", work / "stage1", STAGE_1], deadline)
            files = {"/init": File((work / "stage1").read_bytes(), 0o755)}
        for path in self.image.boot_modules:
            files[f"/modules/{path.name}"] = File(path.read_bytes())
        return cpio(files)


def _arrange(debian: Path, root: Path) -> None:
    """Debian's files, each where NixOS would have it in the store."""
    modules = debian / "usr/lib/modules"
    for source, path in (
        (modules, f"{MODULES}/lib/modules"),
        (debian / "usr", f"{USERLAND}/usr"),
        (debian / "etc/systemd/system", UNITS),
        (debian / "etc/udev/rules.d", RULES),
        (debian / "etc", f"{ETC}/etc"),
    ):
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            source.rename(place)
        if source == modules:
            source.symlink_to("/run/booted-system/kernel-modules/lib/modules")


def _write(path: Path, entry: Entry) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.is_file():
        path.unlink()
    match entry:
        case File(data, mode):
            path.write_bytes(data)
            path.chmod(mode)  # no store path is so strict, but these are copied by activation
        case Link(target):
            path.symlink_to(target)
        case Directory(mode):
            path.mkdir(exist_ok=True)
            path.chmod(mode)
