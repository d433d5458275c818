"""What all tests of the harness stand on."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import struct

import pytest
import workers

from rknn_validation.pytestplugin import entry
from rknn_validation.pytestplugin.emulation import Once

# Runs of pytest that tests start have the plugin, whether the package is installed or only on the path.
os.environ["PYTEST_PLUGINS"] = entry.__name__
GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 0x1
INTERFACE = "16sH22x"


def pytest_sessionstart() -> None:
    """Switch the loopback on where the network was cut off (`unshare -n`): servers of this machine's own need it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked, contextlib.suppress(OSError):
        answer = fcntl.ioctl(asked, GET_FLAGS, struct.pack(INTERFACE, b"lo", 0))
        flags = struct.unpack(INTERFACE, answer)[1]
        if not flags & UP:
            fcntl.ioctl(asked, SET_FLAGS, struct.pack(INTERFACE, b"lo", flags | UP))


@pytest.fixture(scope="session")
def kept(request: pytest.FixtureRequest, once: Once) -> workers.Kept:
    """`kept(name, make, *inputs)`: what `make` returns, from an earlier run if nothing it is made of has changed.

    Only for evaluations of files that say what they come to; `pytest --cache-clear` forgets them.
    """
    cache: pytest.Cache | None = getattr(request.config, "cache", None)
    return workers.kept_in(cache.mkdir("evaluations") if cache else None, once)
