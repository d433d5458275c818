"""Which claims are prepared, on disk: claims outlive restarts of kubelet, of this driver and of the node."""

from __future__ import annotations

import json
import logging
import os
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

LOG = logging.getLogger(__name__)
VERSION = 1


@dataclass(frozen=True)
class Device:
    """A device of a claim: which of the claim's requests it serves, and where it is."""

    requests: tuple[str, ...]
    pool: str
    name: str


@dataclass(frozen=True)
class Prepared:
    """A claim that kubelet has had prepared."""

    namespace: str
    name: str
    devices: tuple[Device, ...]


class Checkpoint:
    """Prepared claims by UID. A change is on disk before it counts; memory stays as it was where that fails."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._claims: dict[str, Prepared] = self._read()

    @property
    def claims(self) -> Mapping[str, Prepared]:
        """All prepared claims."""
        return dict(self._claims)

    def add(self, uid: str, claim: Prepared) -> None:
        """Raises OSError where it cannot be written."""
        self._save({**self._claims, uid: claim})

    def remove(self, uid: str) -> None:
        """Raises OSError where it cannot be written; a claim that is not there is no error."""
        if uid in self._claims:
            self._save({key: value for key, value in self._claims.items() if key != uid})

    def _save(self, claims: dict[str, Prepared]) -> None:
        body = json.dumps({uid: asdict(claim) for uid, claim in claims.items()}, sort_keys=True)
        text = json.dumps({"version": VERSION, "checksum": zlib.crc32(body.encode()), "claims": body})
        part = self._path.with_suffix(".part")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.rename(self._path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        self._claims = claims

    def _read(self) -> dict[str, Prepared]:
        try:
            data = json.loads(self._path.read_text())
            if zlib.crc32(data["claims"].encode()) != data["checksum"]:
                raise ValueError("the checksum is wrong")
            return {uid: _prepared(claim) for uid, claim in json.loads(data["claims"]).items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
            # Kubelet asks again for what it wants prepared, and may release what this driver no longer knows.
            kept = self._path.with_suffix(".unreadable")
            LOG.error("%s cannot be read (%s): kept as %s, starting without prepared claims", self._path, problem, kept)
            self._path.rename(kept)
            return {}


def _prepared(data: dict[str, object]) -> Prepared:
    devices = data["devices"]
    assert isinstance(devices, list)
    found = tuple(Device(tuple(one["requests"]), str(one["pool"]), str(one["name"])) for one in devices)
    return Prepared(str(data["namespace"]), str(data["name"]), found)
