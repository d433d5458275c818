"""Stand-ins for what an emulated board cannot have: the proprietary runtime and nixpkgs' programs.

Programs of nixpkgs are stood in for by Debian's of the same name, linked below `/nix/store`; the runtime libraries
are stubs built here from C. Every one used is named in the report.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.process import output
from rknn_validation.common.workspace import workspace
from rknn_validation.machine.guestcode import COMPILER, SOURCES

TFLITE_PYTHON = "/nix/store/00000000000000000000000000000000-litert/bin/python3"
"""An interpreter with TensorFlow Lite's, for boards with a modelled NPU: it belongs to no configuration."""
TFLITE_SCRIPT = """\
#!/bin/sh
export PYTHONPATH=/usr/lib/ai-edge-litert
export LD_LIBRARY_PATH="/usr/lib/gcc-libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
exec /usr/bin/python3.11 "$@"
"""
_FLAGS = ("-O2", "-s", "-Wall", "-Wextra", "-Werror", "-Wl,-z,max-page-size=4096")
LOADER_LIBRARIES = "/nix/store/00000000000000000000000000000000-glibc-of-debian/lib"
"""Where the C client's own rpath points: the guest's C library, under a store path as a Nix-built program has it."""
CLIENT = "/nix/store/00000000000000000000000000000000-npu-client/bin/npu-client"
"""The C client on an emulated board (see guest/npu_client.c)."""


@dataclass(frozen=True)
class Programs:
    """Built for the guest (aarch64 ELF): the stub of the vendor's runtime, and the C client."""

    librknnrt: bytes
    client: bytes


def build(deadline: Deadline) -> Programs:
    """Compile the stand-ins. Raises MissingToolError without a cross compiler, HarnessError where it fails."""
    shared = ("-fPIC", "-shared")
    return Programs(
        librknnrt=_compile("librknnrt_stub.c", (*shared, "-Wl,-soname,librknnrt.so"), deadline),
        client=_compile("npu_client.c", ("-Wl,-z,nodefaultlib", f"-Wl,-rpath,{LOADER_LIBRARIES}"), deadline),
    )


def _compile(name: str, flags: tuple[str, ...], deadline: Deadline) -> bytes:
    with workspace() as directory:
        output([COMPILER, *_FLAGS, *flags, SOURCES / name, "-o", directory / "out"], deadline)
        return (directory / "out").read_bytes()


def program_name(store_name: str) -> str:
    """The package name in a store path's name: `util-linux-2.41-bin` -> `util-linux`."""
    return re.split(r"-(?=\d)", store_name, maxsplit=1)[0]


def programs_of(store_name: str) -> tuple[str, ...] | None:
    """The programs a nixpkgs package of this name brings, as far as Debian has them; None where not known here."""
    return _PROGRAMS.get(_ALIASES.get(program_name(store_name), program_name(store_name)))


def base_programs() -> tuple[str, ...]:
    """The programs every NixOS system has in `/run/current-system/sw/bin` (the required packages of NixOS)."""
    return tuple(sorted({program for package in _REQUIRED for program in _PROGRAMS[package]}))


_ALIASES = {
    "bash-interactive": "bash",
    "coreutils-full": "coreutils",
    "util-linux-minimal": "util-linux",
    "utillinux": "util-linux",
    "systemd-minimal": "systemd",
    "systemdMinimal": "systemd",
    "getent-glibc": "getent",
    "glibc": "getent",
    "procps-ng": "procps",
    "net-tools": "hostname",
    "nettools": "hostname",
    "mawk": "gawk",
    "su": "shadow",
    "eudev": "systemd",
    "udev": "systemd",
}

_PROGRAMS: dict[str, tuple[str, ...]] = {
    name: tuple(programs.split())
    for name, programs in {
        "coreutils": """[ arch b2sum base32 base64 basename cat chgrp chmod chown chroot cksum comm cp csplit cut
            date dd df dir dirname du echo env expand expr factor false fmt fold groups head hostid id install join kill
            link ln logname ls md5sum mkdir mkfifo mknod mktemp mv nice nl nohup nproc numfmt od paste pathchk pr
            printenv printf ptx pwd readlink realpath rm rmdir seq sha1sum sha256sum sha512sum shred shuf sleep sort
            split stat stdbuf stty sum sync tac tail tee test timeout touch tr true truncate tsort tty uname unexpand
            uniq unlink users vdir wc who whoami yes""",
        "bash": "bash sh",
        "dash": "dash sh",
        "gnugrep": "grep egrep fgrep",
        "gnused": "sed",
        "gawk": "awk gawk",
        "findutils": "find xargs",
        "diffutils": "cmp diff",
        "gnutar": "tar",
        "gzip": "gzip gunzip zcat",
        "kmod": "kmod modprobe depmod insmod rmmod lsmod modinfo",
        "systemd": """systemctl journalctl udevadm systemd-tmpfiles systemd-run systemd-cat systemd-notify
            systemd-analyze systemd-detect-virt systemd-escape systemd-sysusers
            loginctl busctl systemd-id128 systemd-path systemd-cgls""",
        "util-linux": """blkid dmesg findmnt flock getopt kill logger lsblk lscpu mount mountpoint mcookie more
            nsenter renice runuser setpriv setsid swapon swapoff taskset umount unshare uuidgen whereis zramctl""",
        "shadow": "su login passwd useradd groupadd usermod groupmod chpasswd newgrp",
        "getent": "getent getconf ldd locale",
        "procps": "ps free pgrep pkill top uptime vmstat w watch sysctl",
        "hostname": "hostname",
        "iproute2": "ip ss bridge tc",
        "dbus": "dbus-send dbus-daemon",
        "acl": "getfacl setfacl",
        "which": "which",
        "perl": "perl",
        "strace": "strace",
        "dtc": "dtc fdtget fdtdump",
        "e2fsprogs": "chattr lsattr",
    }.items()
}

_REQUIRED = (
    "coreutils", "bash", "gnugrep", "gnused", "gawk", "findutils", "diffutils", "gnutar", "gzip", "kmod", "systemd",
    "util-linux", "shadow", "getent", "procps", "hostname", "iproute2", "dbus", "acl", "which",
)  # fmt: skip
