"""Where the inputs of a flake come from: its lock file names them; a folder, the store or the network has them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rknn_validation.common.cache import default_root
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import DeadlineExceeded, HarnessError
from rknn_validation.common.process import run
from rknn_validation.facts.nix.command import fetch, last_error, program
from rknn_validation.facts.nix.gcroots import keep

SECONDS = 3.0
"""How long an answer may take, the name's lookup included."""
FRESH = 3600.0
"""How long a failure is remembered, in seconds."""


def unreachable(host: str, port: int) -> str:
    """Why a server, or the proxy that leads to it, does not answer; empty when it does."""
    proxy = urlsplit(urllib.request.getproxies().get("https", ""))
    if proxy.hostname and not urllib.request.proxy_bypass(host):
        host, port = proxy.hostname, proxy.port or 8080
    said = [f"{host} did not answer within {SECONDS:g} s"]

    def ask() -> None:
        try:
            socket.create_connection((host, port), SECONDS).close()
            said[0] = ""
        except OSError as error:
            said[0] = f"{host}: {error.strerror or error}"

    # A name's lookup takes no timeout: it is left behind when it lasts.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(SECONDS)
    return said[0]


def remembered_failure(what: str) -> str:
    """Why `what` could not be fetched within the last hour; empty when that is not known."""
    try:
        path = _file(what)
        if 0 <= time.time() - path.stat().st_mtime < FRESH:
            return path.read_text(encoding="utf-8").strip()
    except OSError:
        pass
    return ""


def remember_failure(what: str, reason: str) -> None:
    """Keep why `what` could not be fetched. Where nothing can be kept, it is tried again."""
    path = _file(what)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(f".{os.getpid()}")
        new.write_text(reason, encoding="utf-8")
        new.replace(path)
    except OSError:
        pass


def _file(what: str) -> Path:
    return default_root() / "unreachable" / what


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
            hint="drop --offline, or give the path of a checkout",
        )
    progress(f"fetching {reference}")
    done = fetch("metadata", reference, deadline.capped(FETCH_SECONDS, f"Nix to fetch {reference}"))
    if done.returncode != 0:
        raise HarnessError(
            f"the flake {reference} cannot be fetched",
            expected="a reference that Nix can fetch, such as .#HOST or github:OWNER/REPOSITORY#HOST",
            seen=last_error(done.stderr),
            hint="without a network, give the path of a checkout",
        )
    return keep(Path(json.loads(done.stdout)["path"]), deadline)


@dataclass
class Fetcher:
    """Finds inputs on this machine, and fetches those that are not, as long as the network answers."""

    offline: bool
    deadline: Deadline
    progress: Progress
    servers: dict[str, str] = field(default_factory=dict)
    """Why a server cannot be reached, or ""; each is tried once."""

    def find(self, locked: Mapping[str, Any], beside: Path, name: str, *, fetch: bool = True) -> Path | None:
        if locked.get("type") == "path":
            path = (beside / str(locked.get("path", ""))).resolve()
            return path if path.exists() else self._in_store(locked)
        return self._in_store(locked) or (self._fetched(locked, name) if fetch else None)

    def _in_store(self, locked: Mapping[str, Any]) -> Path | None:
        path = store_path(str(locked.get("narHash") or ""))
        if path is None or not path.is_dir():
            return None
        return path / locked["dir"] if locked.get("dir") else path

    def _fetched(self, locked: Mapping[str, Any], name: str) -> Path | None:
        reference = _reference(locked)
        if self.offline or reference is None:
            return None
        # Nix itself would try for longer to reach a server that does not answer.
        server = _server(locked)
        if server not in self.servers:
            self.servers[server] = unreachable(server, 443)
        if self.servers[server]:
            self.progress(f"not here: {name}: {self.servers[server]}")
            return None
        self.progress(f"fetching {name}")
        try:
            done = fetch("prefetch", reference, self.deadline.capped(FETCH_SECONDS, f"Nix to fetch {name}"))
        except DeadlineExceeded:
            self.offline = True
            return None
        if done.returncode != 0:
            # Nobody there: what else is wanted from the network is not asked for again.
            self.offline = bool(re.search(r"resolve host|connect|timed? ?out|network", done.stderr, re.IGNORECASE))
            self.progress(f"not here: {name}: {last_error(done.stderr)}")
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


def read_lock(directory: Path) -> dict[str, Any]:
    """The lock file; without one, the graph that `inputs` of flake.nix draw, none of it locked."""
    file = directory / "flake.lock"
    if not file.is_file():
        return _unlocked(directory)
    try:
        lock = json.loads(file.read_text(encoding="utf-8"))
        lock["nodes"][lock["root"]]
    except (ValueError, KeyError, TypeError) as error:
        raise HarnessError(
            f"{file} cannot be read", expected="a lock file as Nix writes it", seen=f"{type(error).__name__}: {error}"
        ) from error
    if lock.get("version") not in (5, 6, 7):
        raise HarnessError(f"{file} cannot be read", expected="version 5, 6 or 7", seen=str(lock.get("version")))
    return dict(lock)


def _unlocked(directory: Path) -> dict[str, Any]:
    """What a lock file would say, as far as flake.nix itself says it."""
    nodes: dict[str, Any] = {"root": {"inputs": {}}}
    _add_unlocked(nodes, "root", directory, depth=0)
    return {"root": "root", "version": 7, "nodes": nodes}


def _add_unlocked(nodes: dict[str, Any], key: str, directory: Path, depth: int) -> None:
    for name, given in _inputs(directory).items():
        if given.get("follows"):
            nodes[key]["inputs"][name] = given["follows"].split("/")
            continue
        url = given.get("url") or ""
        inner = name if key == "root" else f"{key}.{name}"
        inner = inner if inner not in nodes else f"{inner}.input"
        nodes[key]["inputs"][name] = inner
        original = _original(url, name)
        nodes[inner] = {"original": original, "locked": original, "flake": given.get("flake", True), "inputs": {}}
        if original["type"] == "path" and depth < 4:
            place = (directory / original["path"]).resolve()
            original["path"] = str(place)
            if (place / "flake.nix").is_file() and nodes[inner]["flake"]:
                _add_unlocked(nodes, inner, place, depth + 1)


_INPUTS = """
let
  inputs = (import PATH).inputs or { };
  one = value:
    (if builtins.isString (value.url or null) then { inherit (value) url; } else { })
    // (if builtins.isString (value.follows or null) then { inherit (value) follows; } else { })
    // { flake = value.flake or true; };
in
builtins.mapAttrs (_: one) inputs
"""


def _inputs(directory: Path) -> dict[str, dict[str, Any]]:
    """`inputs` of a flake.nix. Raises HarnessError where Nix cannot read it."""
    file = directory / "flake.nix"
    expression = _INPUTS.replace("PATH", json.dumps(str(file)))
    command = [program(), "--eval", "--strict", "--json", "--store", "dummy://", "--expr", expression]
    done = run(command, deadline=Deadline.after(60, f"Nix to read {file}"))
    if done.returncode != 0:
        raise HarnessError(f"{file} cannot be read", expected="a flake", seen=last_error(done.stderr))
    return dict(json.loads(done.stdout))


def _original(url: str, name: str) -> dict[str, Any]:
    scheme, _, rest = url.partition(":")
    path = rest.partition("?")[0]
    if scheme == "path" or url.startswith((".", "/")):
        return {"type": "path", "path": path if scheme == "path" else url.partition("?")[0]}
    if scheme in ("github", "gitlab", "sourcehut"):
        owner, _, repository = path.partition("/")
        return {"type": scheme, "owner": owner, "repo": repository.partition("/")[0], "url": url}
    if not url or scheme == "flake" or not rest:
        return {"type": "indirect", "id": path.partition("/")[0] or url or name, "url": url}
    return {"type": "git" if "git" in scheme else "tarball", "url": url}
