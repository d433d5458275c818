"""An OpenSSH server on this machine, for tests: its own keys, its own configuration, a port of the loopback's."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rknn_validation.subject.inventory import Node

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert isinstance(port, int)
        return port


def keygen(path: Path) -> str:
    """Makes a key pair at `path`: the public half."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", path], check=True, timeout=30)
    return path.with_suffix(".pub").read_text()


@dataclass
class Sshd:
    """A running server and what a client needs to reach it."""

    directory: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def known_hosts(self) -> Path:
        return self.directory / "known_hosts"

    def node(self, name: str = "local", **more: Any) -> Node:
        """An inventory entry that leads here."""
        base = Node(
            name=name, host="127.0.0.1", board="orangepi-5-plus", scenario="vendor", user=getpass.getuser(),
            port=self.port, identity=self.directory / "id", ssh_config=self.directory / "ssh_config",
        )  # fmt: skip
        return replace(base, **more)

    def sessions(self) -> list[int]:
        """The processes that serve its connections."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # ended meanwhile
                if int(stat.read_text().rpartition(")")[2].split()[1]) == self.process.pid:
                    found.append(int(stat.parent.name))
        return found

    def log(self) -> str:
        return (self.directory / "sshd.log").read_text()


@contextmanager
def running(directory: Path, *settings: str, under: Sequence[str] = ()) -> Iterator[Sshd]:
    """An sshd that ends with the context. `settings` go before its others in sshd_config, so they count.

    `under` is a command that starts it with further words, and becomes it.
    """
    port = free_port()
    host_key = keygen(directory / "host")
    own = directory / "id.pub"
    (directory / "authorized").write_text(own.read_text() if own.exists() else keygen(directory / "id"))
    (directory / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}")
    (directory / "ssh_config").write_text(f"UserKnownHostsFile {directory}/known_hosts\nGlobalKnownHostsFile none\n")
    lines = (
        *settings, f"ListenAddress 127.0.0.1:{port}", f"HostKey {directory}/host",
        f"AuthorizedKeysFile {directory}/authorized", "PidFile none",
        "StrictModes no", "UsePAM no", "PasswordAuthentication no", "PermitRootLogin yes",
        "KbdInteractiveAuthentication no", "PrintMotd no", "MaxSessions 20",
    )  # fmt: skip
    (directory / "sshd_config").write_text("\n".join(lines) + "\n")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with (directory / "sshd.log").open("wb") as log:
        process = subprocess.Popen(
            [*under, SSHD, "-D", "-e", "-f", str(directory / "sshd_config")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    try:
        _listening(process, directory / "sshd.log")
        yield Sshd(directory, port, process)
    finally:
        process.kill()
        process.wait()


def _listening(process: subprocess.Popen[bytes], log: Path) -> None:
    import time

    end = time.monotonic() + 20
    while b"Server listening" not in log.read_bytes():
        assert process.poll() is None and time.monotonic() < end, log.read_text()
        time.sleep(0.02)
