"""What all tests of the harness stand on."""

from __future__ import annotations

import contextlib
import fcntl
import socket
import struct

GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 0x1
INTERFACE = "16sH22x"


def pytest_sessionstart() -> None:
    """Switch the loopback on where the network was cut off (`unshare -n`): servers of this machine's own need it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked, contextlib.suppress(OSError):
        answer = fcntl.ioctl(asked, GET_FLAGS, struct.pack(INTERFACE, b"lo", 0))
        flags = struct.unpack(INTERFACE, answer)[1]
        if not flags & UP:
            fcntl.ioctl(asked, SET_FLAGS, struct.pack(INTERFACE, b"lo", flags | UP))
