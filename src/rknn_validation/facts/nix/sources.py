"""Where the sources of flakes lie on this machine: in a folder, in the store, or fetched into it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import DeadlineExceeded, HarnessError
from rknn_validation.common.process import run, tool
from rknn_validation.facts.nix import reachable
from rknn_validation.facts.nix.gcroots import keep

FEATURES = ("--extra-experimental-features", "nix-command flakes")
QUICKLY = ("--option", "connect-timeout", "5", "--option", "download-attempts", "1")
FETCH_SECONDS = 600.0
Progress = Callable[[str], None]


def directory_of(reference: str, base: Path, *, offline: bool, deadline: Deadline, progress: Progress) -> Path:
    local = re.sub(r"^(?:path:|git\+file:(?://)?)", "", reference).partition("?")[0]
    if local.startswith(("/", "./", "../", "~")) or local in ("", ".", "..") or (base / local).is_dir():
        directory = (base / Path(local).expanduser()).resolve()
        if not directory.exists():
            raise HarnessError(f"no flake at {reference}", expected="a directory", seen=f"{directory} does not exist")
        # As Nix does: the nearest folder above that has a flake.
        above = (one for one in (directory, *directory.parents) if (one / "flake.nix").is_file())
        return next(above, directory)
    if offline:
        raise HarnessError(
            f"the flake {reference} is not on this machine",
            expected="a directory, with --offline",
            seen=reference,
            hint="leave out --offline, or name a checkout of it",
        )
    progress(f"fetching {reference}")
    command = [_nix(), *FEATURES, "flake", "metadata", "--json", "--no-write-lock-file", *QUICKLY, reference]
    done = run(command, deadline=deadline.capped(FETCH_SECONDS, f"Nix to fetch {reference}"))
    if done.returncode != 0:
        raise HarnessError(
            f"the flake {reference} cannot be fetched",
            expected="a reference that Nix can fetch, such as .#HOST or github:OWNER/REPOSITORY#HOST",
            seen=last_error(done.stderr),
            hint="name a checkout of it where there is no network",
        )
    return keep(Path(json.loads(done.stdout)["path"]), deadline)


def _nix() -> str:
    return tool("nix", "install Nix (Debian: nix-bin), or run make validate, which does")


def last_error(text: str) -> str:
    # Newer Nix puts its trace between the word and the error, which has the word again.
    errors = re.findall(r"(?m)^[ \t]*error:[ \t]*(\S.*)$", text)
    return errors[0] if errors else text.strip()[-300:]


@dataclass
class Fetcher:
    """Finds inputs on this machine, and fetches those that are not, as long as the network answers."""

    offline: bool
    deadline: Deadline
    progress: Progress
    servers: dict[str, str] = field(default_factory=dict)
    """Why a server cannot be reached, or ""; each is tried once."""

    def find(self, locked: Mapping[str, Any], beside: Path, told: str, *, fetch: bool = True) -> Path | None:
        if locked.get("type") == "path":
            path = (beside / str(locked.get("path", ""))).resolve()
            return path if path.exists() else self._in_store(locked)
        return self._in_store(locked) or (self._fetched(locked, told) if fetch else None)

    def _in_store(self, locked: Mapping[str, Any]) -> Path | None:
        path = store_path(str(locked.get("narHash") or ""))
        if path is None or not path.is_dir():
            return None
        return path / locked["dir"] if locked.get("dir") else path

    def _fetched(self, locked: Mapping[str, Any], told: str) -> Path | None:
        reference = _reference(locked)
        if self.offline or reference is None:
            return None
        # Nix would try for longer to reach somebody who is not there.
        server = _server(locked)
        if server not in self.servers:
            self.servers[server] = reachable.unreachable(server, 443)
        if self.servers[server]:
            self.progress(f"not here: {told}: {self.servers[server]}")
            return None
        self.progress(f"fetching {told}")
        command = [_nix(), *FEATURES, "flake", "prefetch", "--json", *QUICKLY, reference]
        try:
            done = run(command, deadline=self.deadline.capped(FETCH_SECONDS, f"Nix to fetch {told}"))
        except DeadlineExceeded:
            self.offline = True
            return None
        if done.returncode != 0:
            # Nobody there: what else is wanted from the network is not asked for again.
            self.offline = bool(re.search(r"resolve host|connect|timed? ?out|network", done.stderr, re.IGNORECASE))
            self.progress(f"not here: {told}: {last_error(done.stderr)}")
            return None
        found = keep(Path(json.loads(done.stdout)["storePath"]), self.deadline)
        return found / locked["dir"] if locked.get("dir") else found


def _reference(locked: Mapping[str, Any]) -> str | None:
    """A locked input as a flake reference; None where its revision is not known."""
    kind, revision = locked.get("type"), locked.get("rev")
    if kind in ("github", "gitlab", "sourcehut") and revision:
        host = f"?host={locked['host']}" if locked.get("host") else ""
        return f"{kind}:{locked['owner']}/{locked['repo']}/{revision}{host}"
    if kind == "tarball" and locked.get("url"):
        return str(locked["url"])
    if kind == "git" and revision:
        return f"git+{locked['url']}?rev={revision}"
    return None


def _server(locked: Mapping[str, Any]) -> str:
    """The host that a locked input is fetched from."""
    usual = {"github": "github.com", "gitlab": "gitlab.com", "sourcehut": "git.sr.ht"}
    url = str(locked.get("url") or "")
    return str(locked.get("host") or usual.get(str(locked.get("type"))) or urlsplit(url).hostname or url)


def store_path(nar_hash: str) -> Path | None:
    """Where Nix keeps a source of that hash (SRI, SHA-256): `/nix/store/HASH-source`. None for any other text."""
    if not nar_hash.startswith("sha256-"):
        return None
    try:
        digest = base64.b64decode(nar_hash.removeprefix("sha256-"), validate=True)
    except ValueError:
        return None
    store = os.environ.get("NIX_STORE_DIR") or "/nix/store"
    text = f"source:sha256:{digest.hex()}:{store}:source"
    return Path(store) / f"{_base32(_folded(hashlib.sha256(text.encode()).digest()))}-source"


def _folded(digest: bytes, size: int = 20) -> bytes:
    folded = bytearray(size)
    for index, byte in enumerate(digest):
        folded[index % size] ^= byte
    return bytes(folded)


def _base32(data: bytes) -> str:
    """Nix's own base 32: least significant bits last, without e, o, t, u."""
    alphabet = "0123456789abcdfghijklmnpqrsvwxyz"
    number = int.from_bytes(data, "little")
    return "".join(alphabet[number >> 5 * place & 31] for place in reversed(range(len(data) * 8 // 5)))
