"""The host's end of the agent's frames (see `guest/agent.c` for the protocol)."""

from __future__ import annotations

import secrets
import selectors
import socket
import struct
import time

from rknn_validation.common.command import Completed
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError, MachineError

CHUNK = 65536
LONGEST_COMMAND = CHUNK - 4
GRACE_SECONDS = 5.0
"""How much longer than the guest the host waits, so that a late command is killed in the guest."""


class Killed(Exception):
    """The guest killed a command at its deadline; `partial` is what it had written."""

    def __init__(self, partial: Completed) -> None:
        super().__init__("killed at its deadline")
        self.partial = partial


class Gone(MachineError):
    """The machine at the other end has ended."""


class Agent:
    """One command at a time over a connected socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._socket.setblocking(False)
        self._received = bytearray()
        self._request = 0

    def wake(self, deadline: Deadline) -> bytes:
        """Set the guest's clock, reseed its random numbers, and return the nonce that only its memory holds."""
        news = struct.pack(">Q", time.time_ns()) + secrets.token_bytes(64)
        request = self._next()
        for kind, payload in self._exchange(_frame(b"T", request, news), request, deadline):
            if kind == b"T":
                return payload
        raise AssertionError("unreachable")

    def run(self, command: str, stdin: bytes, deadline: Deadline) -> Completed:
        """Run a command. Raises Killed (the guest ended it at its deadline), DeadlineExceeded (it did not) or Gone."""
        encoded = command.encode()
        if len(encoded) > LONGEST_COMMAND:
            raise HarnessError(
                "the command is too long", expected=f"at most {LONGEST_COMMAND} bytes", seen=f"{len(encoded)} bytes"
            )
        request = self._next()
        limit = min(int(deadline.remaining() * 1000), 2**31)
        parts = [stdin[start : start + CHUNK] for start in range(0, len(stdin), CHUNK)]
        frames = [_frame(b"R", request, struct.pack(">I", limit) + encoded)]
        frames += [_frame(b"I", request, part) for part in (*parts, b"")]
        output = {b"O": bytearray(), b"E": bytearray()}
        host = Deadline(deadline.what, deadline.seconds, deadline.end + GRACE_SECONDS)
        for kind, payload in self._exchange(b"".join(frames), request, host):
            if kind in output:
                output[kind] += payload
            elif kind == b"X":
                (status,) = struct.unpack(">i", payload)
                done = Completed(status, bytes(output[b"O"]), bytes(output[b"E"]))
                if status < 0:
                    raise Killed(done)
                return done
        raise AssertionError("unreachable")

    def _next(self) -> int:
        self._request += 1
        return self._request

    def _exchange(self, data: bytes, request: int, deadline: Deadline) -> _Frames:
        return _Frames(self, memoryview(data), request, deadline)

    def _frame(self) -> tuple[bytes, int, bytes] | None:
        if len(self._received) < 9:
            return None
        kind, request, length = struct.unpack_from(">cII", self._received)
        if len(self._received) < 9 + length:
            return None
        payload = bytes(self._received[9 : 9 + length])
        del self._received[: 9 + length]
        return kind, request, payload


class _Frames:
    """Frames that answer a request, while the rest of the request is still being sent."""

    def __init__(self, agent: Agent, unsent: memoryview, request: int, deadline: Deadline) -> None:
        self.agent = agent
        self.unsent = unsent
        self.request = request
        self.deadline = deadline

    def __iter__(self) -> _Frames:
        return self

    def __next__(self) -> tuple[bytes, bytes]:
        with selectors.DefaultSelector() as selector:
            selector.register(self.agent._socket, selectors.EVENT_READ)
            while True:
                frame = self.agent._frame()
                if frame is None:
                    self._move(selector)
                elif frame[1] == self.request:
                    return frame[0], frame[2]

    def _move(self, selector: selectors.BaseSelector) -> None:
        connection = self.agent._socket
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.unsent else 0)
        selector.modify(connection, wanted)
        ready = selector.select(self.deadline.remaining())
        try:
            for _, events in ready:
                if events & selectors.EVENT_WRITE:
                    self.unsent = self.unsent[connection.send(self.unsent[: 4 * CHUNK]) :]
                if events & selectors.EVENT_READ:
                    data = connection.recv(4 * CHUNK)
                    if not data:
                        raise Gone("the machine has ended")
                    self.agent._received += data
        except BlockingIOError:
            pass
        except ConnectionError as problem:
            raise Gone("the machine has ended", seen=str(problem)) from problem


def _frame(kind: bytes, request: int, payload: bytes) -> bytes:
    return struct.pack(">cII", kind, request, len(payload)) + payload
