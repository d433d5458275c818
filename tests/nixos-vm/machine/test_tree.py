"""A tree laid over a board is there before systemd starts, exactly as described."""

from __future__ import annotations

import pytest

from rknn_validation.common.deadline import Deadline
from rknn_validation.machine.emulator import Emulator, Identity
from rknn_validation.machine.tree import Directory, File, Link, Tree
from rknn_validation.npu.boards import BOARDS

pytestmark = pytest.mark.vm

LONG = "/nix/store/" + "/".join(["0123456789abcdef" * 5] * 3) + "/file"
BIG = bytes(range(256)) * 2000

UNIT = b"""[Service]
Type=oneshot
ExecStart=/bin/sh -c 'cat /etc/hostname > /run/seen-at-boot'
"""

TREE: Tree = {
    "/etc/hostname": File(b"another\n"),
    LONG: File(b"long\n", 0o444),
    "/etc/long-link": Link(LONG),
    "/etc/big": File(BIG, 0o600),
    "/etc/empty": File(b""),
    "/usr/bin/special": File(b"#!/bin/sh\n", 0o4755),
    "/lib/through-a-link": File(b"x\n"),
    "/usr/bin/awk": File(b"no longer a link\n"),
    "/var/lib/closed": Directory(0o700),
    "/opt": Link("/var/lib/closed"),
    "/tmp/inside": File(b"x\n"),
    "/etc/tmpfiles.d/test.conf": File(b"L+ /usr/lib/from-tmpfiles.so - - - - /nix/store/x.so\n"),
    "/etc/modules-load.d/test.conf": File(b"dummy\n"),
    "/etc/sysctl.d/test.conf": File(b"vm.swappiness = 7\n"),
    "/etc/systemd/system/test.service": File(UNIT),
    "/etc/systemd/system/multi-user.target.wants/test.service": Link("../test.service"),
}


def test_laid_out_as_described_and_seen_by_the_boot(emulator: Emulator) -> None:
    deadline = Deadline.after(600, "a board with a tree")
    snapshot = emulator.snapshot(Identity(BOARDS["virt"], None), TREE, deadline)
    with snapshot.restore(deadline) as machine:

        def said(command: str) -> str:
            done = machine.run(command)
            assert done.rc == 0, f"{command}: {done.stderr.decode()}"
            return done.stdout.decode().strip()

        assert said("cat /etc/long-link") == "long"
        assert machine.run("cat /etc/big").stdout == BIG
        paths = (LONG, "/etc/big", "/etc/empty", "/usr/bin/special", "/var/lib/closed", "/tmp", "/etc")
        modes = "444 600 644 4755 700 1777 755"
        assert said(f"stat -c %a {' '.join(paths)}").split() == modes.split()
        assert said("cat /usr/lib/through-a-link; readlink /lib") == "x\nusr/lib"
        assert said("cat /usr/bin/awk; ls /usr/bin/mawk; readlink /opt").endswith("/usr/bin/mawk\n/var/lib/closed")
        assert said("find /etc /nix /var/lib/closed ! -user root -o ! -group root | wc -l") == "0"
        # What the boot made of it.
        assert said("cat /run/seen-at-boot") == "another"
        assert said("readlink /usr/lib/from-tmpfiles.so") == "/nix/store/x.so"
        assert said("lsmod | grep -c ^dummy") == "1"
        assert said("cat /proc/sys/vm/swappiness") == "7"
        assert said("systemctl is-system-running") == "running"
