"""Whether something can be fetched, told within seconds; and what could not be is not tried again for a while."""

from __future__ import annotations

import os
import socket
import threading
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from rknn_validation.common.cache import default_root

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


def failure(what: str) -> str:
    """Why `what` could not be fetched within the last hour; empty when that is not known."""
    try:
        path = _file(what)
        if 0 <= time.time() - path.stat().st_mtime < FRESH:
            return path.read_text(encoding="utf-8").strip()
    except OSError:
        pass
    return ""


def remember(what: str, reason: str) -> None:
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
