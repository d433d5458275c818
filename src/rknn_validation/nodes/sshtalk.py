"""A conversation with a child process: input, both outputs, an end that can be seen before the process ends."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError

CHUNK = 65536
MOST = 16 * 1024**2
"""Bytes of output that are kept; a command that says more is not an answer."""


@dataclass(frozen=True)
class Talk:
    """What was said. `late`: the deadline passed before it was done. `status` is None where the process was ended."""

    stdout: bytes
    stderr: bytes
    status: int | None
    late: bool


def converse(
    process: subprocess.Popen[bytes],
    said: bytes,
    deadline: Deadline,
    done: Callable[[bytearray, bytearray], bool],
    *,
    keep: bool = False,
) -> Talk:
    """Hand `said` to a process and read until `done(stdout, stderr)`, the end of both, or the deadline.

    The process is ended then, and its pipes are closed, unless it is to be kept. Raises HarnessError where it says more
    than can be kept.
    """
    out, err = bytearray(), bytearray()
    status: int | None = None
    late = False
    try:
        late = not _exchange(process, memoryview(said), out, err, deadline, done, keep)
        if not late and not done(out, err):
            # Both streams have ended: so will the process.
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = process.wait(timeout=2)
    finally:
        if not keep:
            _end(process)
    return Talk(bytes(out), bytes(err), status, late)


def _exchange(
    process: subprocess.Popen[bytes],
    unsent: memoryview,
    out: bytearray,
    err: bytearray,
    deadline: Deadline,
    done: Callable[[bytearray, bytearray], bool],
    keep: bool,
) -> bool:
    """False where the deadline passed first."""
    with selectors.DefaultSelector() as selector:
        for stream, kept in ((process.stdout, out), (process.stderr, err)):
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, kept)
        assert process.stdin is not None
        if unsent:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
        while selector.get_map():
            left = deadline.end - time.monotonic()
            ready = selector.select(left) if left > 0 else []
            if not ready:
                return False
            for key, events in ready:
                if events & selectors.EVENT_WRITE:
                    unsent = unsent[_write(key.fd, unsent) :]
                    if not unsent:
                        selector.unregister(process.stdin)
                        if not keep:
                            process.stdin.close()
                    continue
                data = os.read(key.fd, CHUNK)
                if not data:
                    selector.unregister(key.fileobj)
                    if all(one.events == selectors.EVENT_WRITE for one in selector.get_map().values()):
                        return True  # nobody is left who could read what is unsent
                    continue
                key.data.extend(data)
                if len(key.data) > MOST:
                    raise HarnessError("a command says too much", expected=f"at most {MOST} bytes", seen="more")
                if done(out, err):
                    return True
    return True


def _write(descriptor: int, data: memoryview) -> int:
    try:
        return os.write(descriptor, data[:CHUNK])
    except BlockingIOError:
        return 0
    except BrokenPipeError:
        return len(data)  # nobody reads it any more; its streams tell the rest


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
