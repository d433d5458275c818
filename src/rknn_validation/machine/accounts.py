"""Users and groups of an emulated board, with the numbers NixOS gives them (nixos/modules/misc/ids.nix)."""

from __future__ import annotations

from rknn_validation.machine.tree import File, Tree

LOGIN_USER = "alice"
"""An ordinary person: no group but `users`, so no access to an NPU."""

SERVICE_USER = "npu-user"
"""A service's account that was given group `render`."""

GROUPS: dict[str, tuple[int, tuple[str, ...]]] = {
    "root": (0, ()),
    "wheel": (1, ()),
    "kmem": (2, ()),
    "tty": (3, ()),
    "messagebus": (4, ()),
    "disk": (6, ()),
    "audio": (17, ()),
    "floppy": (18, ()),
    "uucp": (19, ()),
    "lp": (20, ()),
    "cdrom": (24, ()),
    "tape": (25, ()),
    "video": (26, ()),
    "dialout": (27, ()),
    "utmp": (29, ()),
    "adm": (55, ()),
    "systemd-journal": (62, ()),
    "keys": (96, ()),
    "users": (100, ()),
    "systemd-journal-gateway": (110, ()),
    "systemd-network": (152, ()),
    "systemd-resolve": (153, ()),
    "systemd-timesync": (154, ()),
    "input": (174, ()),
    "kvm": (302, ()),
    "render": (303, (SERVICE_USER,)),
    "sgx": (304, ()),
    "shadow": (318, ()),
    "sshd": (993, ()),
    "systemd-coredump": (997, ()),
    "systemd-oom": (998, ()),
    SERVICE_USER: (990, ()),
    "nixbld": (30000, ()),
    "nogroup": (65534, ()),
}
"""Name -> (number, members)."""

USERS: dict[str, tuple[int, str, str, str]] = {
    "root": (0, "root", "/root", "/bin/bash"),
    "messagebus": (4, "messagebus", "/run/dbus", "/usr/sbin/nologin"),
    "systemd-journal-gateway": (110, "systemd-journal-gateway", "/var/empty", "/usr/sbin/nologin"),
    "systemd-network": (152, "systemd-network", "/var/empty", "/usr/sbin/nologin"),
    "systemd-resolve": (153, "systemd-resolve", "/var/empty", "/usr/sbin/nologin"),
    "systemd-timesync": (154, "systemd-timesync", "/var/empty", "/usr/sbin/nologin"),
    SERVICE_USER: (990, SERVICE_USER, "/var/empty", "/usr/sbin/nologin"),
    "sshd": (993, "sshd", "/var/empty", "/usr/sbin/nologin"),
    "systemd-coredump": (997, "systemd-coredump", "/var/empty", "/usr/sbin/nologin"),
    "systemd-oom": (998, "systemd-oom", "/var/empty", "/usr/sbin/nologin"),
    LOGIN_USER: (1000, "users", f"/home/{LOGIN_USER}", "/bin/bash"),
    "nobody": (65534, "nogroup", "/var/empty", "/usr/sbin/nologin"),
}
"""Name -> (number, primary group, home, shell)."""


def account_files(
    users: dict[str, tuple[int, str, str, str]] = USERS, groups: dict[str, tuple[int, tuple[str, ...]]] = GROUPS
) -> Tree:
    """`/etc/passwd`, `/etc/group` and `/etc/shadow` for these accounts. Nobody has a password."""
    passwd = [f"{name}:x:{uid}:{groups[group][0]}::{home}:{shell}" for name, (uid, group, home, shell) in users.items()]
    group = [f"{name}:x:{gid}:{','.join(members)}" for name, (gid, members) in groups.items()]
    shadow = [f"{name}:!:1::::::" for name in users]
    return {
        "/etc/passwd": _lines(passwd),
        "/etc/group": _lines(group),
        "/etc/shadow": _lines(shadow, 0o600),
        "/etc/gshadow": _lines([f"{name}:!::{','.join(members)}" for name, (_, members) in groups.items()], 0o600),
    }


def _lines(lines: list[str], mode: int = 0o644) -> File:
    return File(("\n".join(lines) + "\n").encode(), mode)
