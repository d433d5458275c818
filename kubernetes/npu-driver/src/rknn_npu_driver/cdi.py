"""CDI specs: what a container is given with an NPU. Format: container-device-interface SPEC.md, version 0.7.0.

A non-root user of a container becomes the *owner* of the devnode there (containerd), and without `fileMode` the node
would be 0666 inside.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rknn_npu_driver.npu import Npu, Roots

KIND = "rockchip.com/npu"
VERSION = "0.7.0"
"""The first with `additionalGids`. containerd 2.1 resolves up to 1.0.0."""
MODE = 0o660


@dataclass(frozen=True)
class Library:
    """A file of the node that clients of a stack open ("": of either). `target` is where they look for it."""

    source: Path
    target: str
    stack: str = ""


@dataclass(frozen=True)
class Given:
    """What comes with an NPU, read-only: libraries, and the store paths that these need (their closure)."""

    libraries: tuple[Library, ...] = ()
    closure: tuple[Path, ...] = ()
    roots: Roots = field(default_factory=Roots)

    def mounts(self, stack: str) -> list[tuple[Path, str]]:
        """Files of the node with their places in a container. Raises OSError for one that is not there."""
        own = [one for one in self.libraries if one.stack in ("", stack)]
        found = [(self.roots.resolve(one.source), one.target) for one in own]
        return found + [(path, str(path)) for path in self.closure]

    def missing(self, stack: str) -> str:
        """What of it is not there, "" where all is."""
        try:
            self.mounts(stack)
        except OSError as problem:
            return f"{problem.filename} is not there" if problem.errno == errno.ENOENT else str(problem)
        return ""


def device(name: str, npu: Npu, given: Given) -> dict[str, Any]:
    """One device of a spec. Raises OSError for a library that is not there: a container would fail later."""
    mounts = given.mounts(npu.stack)
    edits: dict[str, Any] = {
        "deviceNodes": [
            {
                "path": node.path,
                "type": "c",
                "major": node.major,
                "minor": node.minor,
                "fileMode": MODE,
                "permissions": "rw",
                "gid": node.gid,
            }
            for node in npu.nodes
        ],
        # The group, for processes that are not root and not the node's owner.
        "additionalGids": sorted({node.gid for node in npu.nodes} - {0}),
        "mounts": [
            {"hostPath": str(source), "containerPath": target, "options": ["ro", "nosuid", "nodev", "bind"]}
            for source, target in mounts
        ],
        "env": [f"ROCKCHIP_NPU_STACK={npu.stack}"],
    }
    return {"name": name, "containerEdits": {key: value for key, value in edits.items() if value}}


def spec(devices: Iterable[dict[str, Any]], kind: str = KIND) -> str:
    """A whole spec as text, the same for the same devices."""
    return json.dumps({"cdiVersion": VERSION, "kind": kind, "devices": list(devices)}, indent=2) + "\n"


class Folder:
    """A directory of specs. A spec appears whole or not at all; the driver's own are those with its prefix."""

    PREFIX = "rockchip.com-npu"

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, text: str) -> None:
        """Write `PREFIX-name.json`, if it is not what is there already. Raises OSError, on a full disk for one."""
        target = self._file(name)
        try:
            if target.read_text() == text:
                return
        except OSError:
            pass
        self.path.mkdir(parents=True, exist_ok=True)
        # containerd reads *.json and *.yaml only.
        part = target.with_suffix(".part")
        try:
            with part.open("w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.rename(target)
        except OSError:
            part.unlink(missing_ok=True)
            raise

    def remove(self, name: str) -> None:
        """Remove a spec, if it is there."""
        self._file(name).unlink(missing_ok=True)

    def keep(self, names: Iterable[str]) -> None:
        """Remove all of the driver's specs but these."""
        wanted = {self._file(name) for name in names}
        for file in self.path.glob(f"{self.PREFIX}-*.json"):
            if file not in wanted:
                file.unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self.path / f"{self.PREFIX}-{name}.json"
