"""What every emulated board has besides its packages: accounts, PAM, the agent, and units it does without."""

from __future__ import annotations

from rknn_validation.facts.text.udevdevices import MAINLINE_ACCEL
from rknn_validation.machine.accounts import LOGIN_USER, account_files
from rknn_validation.machine.tree import Directory, Entry, File, Link, Tree

MASKED = (
    # Need hardware, a network or a persistent disk that the board does not have, or only cost time at boot.
    *("getty.target", "serial-getty@ttyAMA0.service", "systemd-logind.service", "systemd-timesyncd.service"),
    *("systemd-networkd.service", "systemd-resolved.service", "systemd-random-seed.service", "systemd-pstore.service"),
    *("systemd-journal-flush.service", "systemd-update-utmp.service", "systemd-update-utmp-runlevel.service"),
    *("systemd-binfmt.service", "proc-sys-fs-binfmt_misc.automount", "dev-hugepages.mount", "dev-mqueue.mount"),
    *("systemd-hwdb-update.service", "ssh.service", "ssh.socket", "sys-fs-fuse-connections.mount"),
    *("sys-kernel-tracing.mount", "sys-kernel-config.mount", "modprobe@configfs.service", "modprobe@dm_mod.service"),
    *("modprobe@loop.service", "modprobe@fuse.service", "modprobe@efi_pstore.service", "modprobe@drm.service"),
    *("systemd-ask-password-wall.path", "systemd-ask-password-console.path", "systemd-machine-id-commit.service"),
)
"""Debian units that are masked; none concerns devices, modules or a user's own services."""

GENERATORS = (
    *("cryptsetup", "fstab", "getty", "gpt-auto", "hibernate-resume", "integritysetup", "rc-local", "run"),
    *("system-update", "sysv", "veritysetup"),
)
"""systemd's generators, which make units for disks and consoles that the board does not have, at every reload.

The debug generator stays: it masks what the kernel's command line names."""

SYSTEMD_RULES = "/usr/lib/udev/rules.d/50-udev-default.systemd.rules"
"""What systemd's own rules say since release 254, and Debian 12's 252 do not: read right after those."""
ACCEL_RULE = (
    f'SUBSYSTEM=="{MAINLINE_ACCEL.subsystem}", GROUP="{MAINLINE_ACCEL.group}", MODE="{MAINLINE_ACCEL.mode:04o}"\n'
)

AGENT_UNIT = """\
[Unit]
Description=Runs commands for the harness
DefaultDependencies=no
IgnoreOnIsolate=yes
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/lib/harness/agent
Restart=always
RestartSec=1
KillMode=process
TasksMax=infinity

[Install]
WantedBy=sysinit.target
"""

# Consoles are a third of all devices here, and no check concerns them.
TRIGGER = """\
[Service]
ExecStart=
ExecStart=-udevadm trigger --type=all --action=add --subsystem-nomatch=tty --subsystem-nomatch=vc
"""

PAM = {
    "common-auth": "auth required pam_unix.so",
    "common-account": "account required pam_unix.so",
    "common-password": "password required pam_unix.so",
    "common-session": "session required pam_unix.so",
    "common-session-noninteractive": "session required pam_unix.so",
}


def base_tree(agent: bytes) -> Tree:
    """The entries below everything else: a tree laid over a board replaces them path by path."""
    tree: dict[str, Entry] = {
        "/etc/hostname": File(b"board\n"),
        "/etc/hosts": File(b"127.0.0.1 localhost\n::1 localhost\n"),
        "/etc/machine-id": File(b"8b1f5b0e3a6c4d2f9e7a0c1d2b3a4f5e\n", 0o444),
        "/etc/fstab": File(b""),
        "/etc/nsswitch.conf": File(b"passwd: files\ngroup: files\nshadow: files\nhosts: files\n"),
        "/etc/.updated": File(b""),
        "/var/.updated": File(b""),
        "/etc/environment": File(b""),
        "/etc/profile": File(b"export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"),
        "/var/empty": Directory(0o555),
        "/root": Directory(0o700),
        f"/home/{LOGIN_USER}": Directory(0o755),
        "/nix/store": Directory(0o1775),
        "/usr/lib/harness/agent": File(agent, 0o755),
        "/etc/systemd/system/harness-agent.service": File(AGENT_UNIT.encode()),
        "/etc/systemd/system/sysinit.target.wants/harness-agent.service": Link("../harness-agent.service"),
        "/etc/systemd/system/systemd-udev-trigger.service.d/harness.conf": File(TRIGGER.encode()),
        "/etc/systemd/system/default.target": Link("/lib/systemd/system/multi-user.target"),
        "/etc/systemd/journald.conf.d/harness.conf": File(b"[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n"),
        **account_files(),
        **{f"/etc/pam.d/{name}": File(f"{line}\n".encode()) for name, line in PAM.items()},
        SYSTEMD_RULES: File(ACCEL_RULE.encode()),
        **{f"/etc/systemd/system/{unit}": Link("/dev/null") for unit in MASKED},
        **{f"/etc/systemd/system-generators/systemd-{name}-generator": Link("/dev/null") for name in GENERATORS},
    }
    return tree
