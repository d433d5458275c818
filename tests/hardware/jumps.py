"""A way to a node that leads over another server of this machine's own."""

from __future__ import annotations

import getpass
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from localsshd import Sshd

from rknn_validation.subject.inventory import Node


def through(gate: Sshd, target: Sshd, *lines: str, knows: tuple[Sshd, ...] | None = None, **more: Any) -> Node:
    """The target's inventory entry, by way of the gate; one configuration, with further lines, serves both hops."""
    known = " ".join(str(server.known_hosts) for server in ((gate, target) if knows is None else knows)) or "none"
    text = [f"UserKnownHostsFile {known}", "GlobalKnownHostsFile none"]
    text += [f"IdentityFile {server.directory}/id" for server in (gate, target)]
    config = target.directory / f"ssh_config-{len(list(target.directory.iterdir()))}"
    config.write_text("\n".join([*lines, *text]) + "\n")
    base = target.node(jump=f"{getpass.getuser()}@127.0.0.1:{gate.port}", ssh_config=config, identity=None)
    return replace(base, **more)


def processes_about(*words: str) -> list[str]:
    """Command lines of live processes that hold one of these words."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue  # ended meanwhile
            if any(word in line for word in words):
                found.append(line)
    return found


def wait_until_gone(*words: str, seconds: float = 3.0) -> None:
    """Until there are none any more: the kernel ends them, at once but by itself. ssh alone would take 10 s."""
    end = time.monotonic() + seconds
    while left := processes_about(*words):
        assert time.monotonic() < end, left
        time.sleep(0.02)
