"""gRPC servers on Unix sockets that kubelet deletes, and that a killed process leaves behind."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

THREADS = 8
"""Two of them may be held by streams of health."""


def identity(path: Path) -> tuple[int, int, int] | None:
    """What tells a socket from one that was made anew under the same name; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_ctime_ns


def answers(path: Path) -> bool:
    """Whether a process listens on a socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


class Server:
    """A gRPC server on a socket. `present` is False once the socket was deleted or replaced."""

    def __init__(self, path: Path, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # a killed process leaves its own
        self._server = grpc.server(ThreadPoolExecutor(THREADS, path.name), handlers=handlers)
        self._server.add_insecure_port(f"unix:{path}")
        self._server.start()
        self._identity = identity(path)

    @property
    def present(self) -> bool:
        """Whether clients that look for the socket find this server."""
        return self._identity is not None and identity(self.path) == self._identity

    def stop(self, grace: float = 1.0) -> None:
        """End it; calls that run have `grace` seconds. The socket goes, unless it is another's by now."""
        mine = self.present
        self._server.stop(grace).wait(grace + 1)
        if mine:
            self.path.unlink(missing_ok=True)
