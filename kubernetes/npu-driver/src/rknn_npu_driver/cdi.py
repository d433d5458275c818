"""CDI specs: what a container is given with an NPU. Format: container-device-interface SPEC.md, version 0.7.0.

A non-root user of a container becomes the *owner* of the devnode there (containerd), and without `fileMode` the node
would be 0666 inside.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rknn_npu_driver.npu import Npu

KIND = "rockchip.com/npu"
VERSION = "0.7.0"
"""The first with `additionalGids`. containerd 2.1 resolves up to 1.0.0."""
MODE = 0o660


@dataclass(frozen=True)
class Library:
    """A file of the host that clients open. `target` is where they look for it."""

    source: Path
    target: str


@dataclass(frozen=True)
class Given:
    """What comes with every NPU: libraries, store paths they need (their closure), read-only; and variables."""

    libraries: tuple[Library, ...] = ()
    closure: tuple[Path, ...] = ()
    variables: tuple[str, ...] = ()


def device(name: str, npu: Npu, given: Given, variables: Sequence[str] = ()) -> dict[str, Any]:
    """One device of a spec. Raises FileNotFoundError for a library that is not there: a container would fail later."""
    mounts = [(library.source.resolve(strict=True), library.target) for library in given.libraries]
    mounts += [(path, str(path)) for path in given.closure]
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
        "env": [f"ROCKCHIP_NPU_STACK={npu.stack}", *given.variables, *variables],
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
