"""An emulated board that is reached over SSH, as a real one is: sshd is started on it when a test wants it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rknn_validation.common.deadline import Deadline
from rknn_validation.machine.machine import Machine
from rknn_validation.subject.inventory import Node

START_SECONDS = 60.0
CONFIG = """\
HostKey /run/fleet/host
AuthorizedKeysFile /run/fleet/authorized
PidFile /run/fleet/pid
UsePAM no
StrictModes no
PasswordAuthentication no
PermitRootLogin yes
PrintMotd no
"""
# The accounts of a board have no password, which sshd takes for locked. What a transient unit starts is no part of the
# configuration that is judged.
START = """\
set -e
modprobe virtio_net
udevadm settle --timeout=20
ip address add 10.0.2.15/24 dev eth0
ip link set lo up
ip link set eth0 up
sed -i 's/^root:!:/root:*:/' /etc/shadow
mkdir -p /run/sshd
chmod 0600 /run/fleet/host
systemd-run --quiet --unit=fleet-sshd /usr/sbin/sshd -D -f /run/fleet/config
until [ -s /run/fleet/pid ]; do read -t 0.1 <> <(:) || true; done
"""


@dataclass(frozen=True)
class Keys:
    """A host key for all boards and an identity that they let in, in a directory."""

    directory: Path

    @classmethod
    def made(cls, directory: Path) -> Keys:
        """New ones."""
        for name in ("host", "id", "other"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(directory / name)]
            subprocess.run(command, check=True, timeout=30)
        return cls(directory)

    def public(self, name: str) -> str:
        return (self.directory / f"{name}.pub").read_text()

    def ssh_config(self, port: int, host: str = "host") -> Path:
        """A configuration that knows one board, by the key of that name."""
        known = self.directory / f"known-{port}-{host}"
        known.write_text(f"[127.0.0.1]:{port} {self.public(host)}")
        path = self.directory / f"config-{port}-{host}"
        path.write_text(f"UserKnownHostsFile {known}\nGlobalKnownHostsFile none\n")
        return path


@dataclass(frozen=True)
class SshBoard:
    """A machine with sshd on it. `port` is on this computer's loopback."""

    machine: Machine
    port: int
    keys: Keys
    base: Node

    @classmethod
    def started(cls, machine: Machine, keys: Keys, name: str, board: str, scenario: str) -> SshBoard:
        """Start sshd on a restored machine that has a network."""
        deadline = Deadline.after(START_SECONDS, f"sshd on {machine.name}")
        for path, text in (
            ("host", (keys.directory / "host").read_text()),
            ("authorized", keys.public("id")),
            ("config", CONFIG),
        ):
            machine.run(f"mkdir -p /run/fleet; cat >/run/fleet/{path}", stdin=text.encode(), deadline=deadline)
        done = machine.run(START, deadline=deadline)
        assert done.rc == 0, done.stderr.decode()
        port = machine.forward(22, deadline)
        base = Node(
            name=name, host="127.0.0.1", port=port, user="root", board=board, scenario=scenario,
            identity=keys.directory / "id", ssh_config=keys.ssh_config(port), service_user="npu-user",
        )  # fmt: skip
        return cls(machine, port, keys, base)

    def node(self, **more: Any) -> Node:
        """Its inventory entry, changed where told."""
        return replace(self.base, **more)

    def sh(self, command: str) -> str:
        """Run a command over the console, that is, past SSH; it has to succeed."""
        done = self.machine.run(command)
        assert done.rc == 0, f"{command}: {done.stderr.decode()}"
        return done.stdout.decode()
