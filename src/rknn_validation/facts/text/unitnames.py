"""Units every NixOS machine may have: systemd's own (systemd.special(7), bootup(7)) and NixOS's."""

from __future__ import annotations

_TARGETS = """
basic.target bluetooth.target cryptsetup.target ctrl-alt-del.target default.target emergency.target exit.target
final.target first-boot-complete.target getty.target getty-pre.target graphical.target halt.target hibernate.target
hybrid-sleep.target initrd.target initrd-fs.target initrd-root-device.target initrd-root-fs.target
initrd-switch-root.target initrd-usr-fs.target integritysetup.target kexec.target local-fs.target local-fs-pre.target
machines.target multi-user.target network.target network-online.target network-pre.target nss-lookup.target
nss-user-lookup.target paths.target poweroff.target printer.target reboot.target remote-cryptsetup.target
remote-fs.target remote-fs-pre.target rescue.target rpcbind.target runlevel5.target shutdown.target sigpwr.target
sleep.target slices.target smartcard.target sockets.target sound.target ssh-access.target storage-target-mode.target
suspend.target suspend-then-hibernate.target swap.target sysinit.target sysinit-reactivation.target system-update.target
system-update-pre.target time-set.target time-sync.target timers.target umount.target usb-gadget.target
veritysetup.target graphical-session.target graphical-session-pre.target keys.target nixos-fake-graphical-session.target
post-resume.target all.target containers.target machine.target
"""
_UNITS = """
systemd-udevd.service systemd-udev-trigger.service systemd-udev-settle.service systemd-modules-load.service
systemd-tmpfiles-setup.service systemd-tmpfiles-setup-dev.service systemd-tmpfiles-setup-dev-early.service
systemd-tmpfiles-resetup.service systemd-tmpfiles-clean.service systemd-sysctl.service systemd-logind.service
systemd-journald.service systemd-networkd.service systemd-resolved.service systemd-timesyncd.service
systemd-user-sessions.service systemd-remount-fs.service systemd-sysusers.service systemd-random-seed.service
systemd-udevd-control.socket systemd-udevd-kernel.socket dbus.service dbus.socket polkit.service sshd.service
nix-daemon.service nscd.service docker.service containerd.service podman.service k3s.service kubelet.service
display-manager.service local-fs.target network.target kmod-static-nodes.service userborn.service
"""

TARGETS = frozenset(_TARGETS.split())
UNITS = frozenset(_UNITS.split())
SUFFIXES = ("service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope")
"""How a unit's name may end."""
