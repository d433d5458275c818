"""What the boards' real device trees say, recorded from kernel packages (see `record`)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class NpuNode:
    """An `npu@…` node of a real device tree."""

    name: str
    compatible: tuple[str, ...]
    status: str


@dataclass(frozen=True)
class Recorded:
    """One board's device tree as one kernel package ships it. `package` and `sha256` (of the DTB) name its origin."""

    board: str
    package: str
    dtb: str
    sha256: str
    compatible: tuple[str, ...]
    model: str
    npu: tuple[NpuNode, ...]


def recorded() -> tuple[Recorded, ...]:
    """Everything recorded in `identities.json`."""
    entries = json.loads(resources.files(__name__).joinpath("identities.json").read_text(encoding="utf-8"))
    return tuple(
        Recorded(
            entry["board"],
            entry["package"],
            entry["dtb"],
            entry["sha256"],
            tuple(entry["compatible"]),
            entry["model"],
            tuple(NpuNode(node["name"], tuple(node["compatible"]), node["status"]) for node in entry["npu"]),
        )
        for entry in entries
    )
