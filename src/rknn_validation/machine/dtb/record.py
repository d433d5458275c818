"""Reads the boards' identities from the DTBs in kernel packages.

    python -m rknn_validation.machine.dtb.record PACKAGE.deb... > identities.json

Kernel packages carry them as `linux-image-*` or, since Linux 7, `linux-base-*` (`apt-get download` fetches one).
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rknn_validation.deadline import Deadline
from rknn_validation.machine import tools
from rknn_validation.npu.boards import BOARDS


def identity(dtb: Path, deadline: Deadline) -> dict[str, Any]:
    """Compatible, model and NPU nodes of a DTB, as JSON has them."""

    def ask(*arguments: str, options: Sequence[str] = ()) -> list[str]:
        return tools.run(["fdtget", *options, dtb, *arguments], deadline).decode().splitlines()

    nodes = [name for name in ask("/", options=["-l"]) if name.startswith("npu@")]
    return {
        "sha256": hashlib.sha256(dtb.read_bytes()).hexdigest(),
        "compatible": ask("/", "compatible")[0].split(),
        "model": ask("/", "model")[0],
        "npu": [
            {
                "name": node,
                "compatible": ask(f"/{node}", "compatible")[0].split(),
                "status": ask(f"/{node}", "status", options=["-d", "okay"])[0],
            }
            for node in nodes
        ],
    }


def record(deb: Path, deadline: Deadline) -> list[dict[str, Any]]:
    """The identities of all boards whose DTB a package has."""
    found = []
    with tempfile.TemporaryDirectory() as work:
        tools.unpack(deb, Path(work), deadline, exclude=("./lib/*", "./usr/share/*", "./boot/*"))
        for board in BOARDS.values():
            for dtb in Path(work).rglob(board.dtb) if board.dtb else ():
                origin = {"board": board.name, "package": deb.name, "dtb": str(dtb.relative_to(work))}
                found.append({**origin, **identity(dtb, deadline)})
    return found


def main(arguments: Sequence[str]) -> None:
    """Print what the packages say."""
    deadline = Deadline.after(300, "the packages to be read")
    entries = [entry for name in arguments for entry in record(Path(name), deadline)]
    json.dump(sorted(entries, key=lambda entry: (entry["board"], entry["package"])), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main(sys.argv[1:])
