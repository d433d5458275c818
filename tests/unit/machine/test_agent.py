"""The host's end of the agent's frames, against a peer that behaves in all the ways sockets do."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from rknn_validation.common.command import Completed
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import DeadlineExceeded, HarnessError
from rknn_validation.machine.agent import Agent, Gone, Killed

pytestmark = pytest.mark.unit


def frame(kind: bytes, request: int, payload: bytes) -> bytes:
    return struct.pack(">cII", kind, request, len(payload)) + payload


def receive(peer: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        data += peer.recv(length - len(data))
    return data


def read_frame(peer: socket.socket) -> tuple[bytes, int, bytes]:
    kind, request, length = struct.unpack(">cII", receive(peer, 9))
    return kind, request, receive(peer, length)


Serve = Callable[[Callable[[socket.socket], None]], Agent]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """An agent whose peer is a function in a thread."""
    ours, theirs = socket.socketpair()
    threads = []

    def start(peer: Callable[[socket.socket], None]) -> Agent:
        threads.append(threading.Thread(target=peer, args=(theirs,), daemon=True))
        threads[-1].start()
        return Agent(ours)

    yield start
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    ours.close()
    theirs.close()


def soon(seconds: float = 10) -> Deadline:
    return Deadline.after(seconds, "an answer")


def test_streams_are_apart_and_status_is_last(serve: Serve) -> None:
    def peer(connection: socket.socket) -> None:
        kind, request, payload = read_frame(connection)
        assert (kind, payload[4:]) == (b"R", b"echo hi")
        assert 0 < struct.unpack(">I", payload[:4])[0] <= 10_000
        assert read_frame(connection) == (b"I", request, b"")
        stale = frame(b"O", request - 1, b"of an earlier command")
        answer = stale + frame(b"O", request, b"out") + frame(b"E", request, b"err") + frame(b"O", request, b"put")
        for start in range(0, len(answer), 5):
            connection.sendall(answer[start : start + 5])
        connection.sendall(frame(b"X", request, struct.pack(">i", 3)))

    assert serve(peer).run("echo hi", b"", soon()) == Completed(3, b"output", b"err")


def test_a_large_input_does_not_wait_for_a_large_output(serve: Serve) -> None:
    """Both directions fill up at once; neither may block the other."""
    size = 4 * 1024**2

    def peer(connection: socket.socket) -> None:
        _, request, _ = read_frame(connection)
        received = 0
        while True:
            _, _, payload = read_frame(connection)
            received += len(payload)
            if not payload:
                break
            connection.sendall(frame(b"O", request, payload))
        connection.sendall(frame(b"X", request, struct.pack(">i", int(received != size))))

    done = serve(peer).run("cat", b"x" * size, soon())
    assert (done.rc, len(done.stdout)) == (0, size)


def test_the_guest_met_the_deadline(serve: Serve) -> None:
    def peer(connection: socket.socket) -> None:
        _, request, _ = read_frame(connection)
        connection.sendall(frame(b"O", request, b"so far") + frame(b"X", request, struct.pack(">i", -1)))

    with pytest.raises(Killed) as caught:
        serve(peer).run("sleep 100", b"", soon())
    assert caught.value.partial.stdout == b"so far"


def test_neither_guest_nor_host_met_the_deadline(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rknn_validation.machine.agent.GRACE_SECONDS", 0.1)
    with pytest.raises(DeadlineExceeded):
        serve(lambda connection: None).run("sleep 100", b"", soon(0.1))


def test_the_machine_ends(serve: Serve) -> None:
    def peer(connection: socket.socket) -> None:
        read_frame(connection)
        connection.close()

    with pytest.raises(Gone):
        serve(peer).run("true", b"", soon())


def test_a_command_too_long_for_a_frame_is_refused(serve: Serve) -> None:
    with pytest.raises(HarnessError, match="too long"):
        serve(lambda connection: None).run("x" * 70_000, b"", soon())
