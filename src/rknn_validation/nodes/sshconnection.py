"""One OpenSSH connection to a node: its command line, the process that holds it, and commands over it."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import selectors
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError, NodeError
from rknn_validation.common.process import tool
from rknn_validation.nodes.sshmessages import Logs, explain_failure
from rknn_validation.subject.inventory import Node

ALIVE_SECONDS = 5
ALIVE_COUNT = 2
"""A connection is given up when this many keep-alive messages stay unanswered, one every ALIVE_SECONDS."""
LONGEST_SOCKET = 80
"""Of the 108 bytes Linux allows; ssh adds a random suffix while it makes the socket."""
CHUNK = 65536
LONGEST_OUTPUT = 16 * 1024**2
"""Bytes of output that are kept; a command that says more is not an answer."""

_BOOT_ID = r"[0-9a-f-]{36}"
_HELLO = "exec /bin/sh -c 'echo; echo {mark}; cat /proc/sys/kernel/random/boot_id; echo {mark}; exec cat >/dev/null'"
_HOST_AND_PORT = "host-and-port-to-ask"


@dataclass(frozen=True)
class Talk:
    """What was said. `late`: the deadline passed before it was done. `status` is None where the process was ended."""

    stdout: bytes
    stderr: bytes
    status: int | None
    late: bool


class SshConnection:
    """One `ssh` that stays connected; its files are in `directory`, which somebody else removes."""

    def __init__(self, node: Node, directory: Path, *, accept_new: bool) -> None:
        self.node = node
        self._directory = directory
        self._accept_new = accept_new
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0
        self._stopped = threading.Event()
        self._starting = threading.Lock()
        if len(str(directory)) > LONGEST_SOCKET:
            hint = "set TMPDIR to a shorter path"
            raise HarnessError("no room for ssh's socket", expected="a short path", seen=str(directory), hint=hint)

    @property
    def pid(self) -> int:
        """The process identifier of ssh."""
        assert self._process is not None
        return self._process.pid

    @property
    def stopped(self) -> bool:
        """Whether somebody put an end to it."""
        return self._stopped.is_set()

    def connect(self, seconds: float) -> str:
        """Connect, anew where it was connected before; the identifier of the boot that answered. Raises NodeError."""
        self.end(gently=False)
        self._count += 1
        mark = f"hello-{secrets.token_hex(16)}"
        deadline = Deadline.after(seconds, f"an SSH connection to {self.node.name}")
        jump = self._directory / "jump"
        jump.unlink(missing_ok=True)
        words = master(self.node, self._socket, jump, mark, self._accept_new, max(1, int(seconds)))
        with self._starting:
            if self.stopped:
                raise self.interrupted()
            with (self._directory / "log").open("wb") as log:
                self._process = _started(words, stderr=log.fileno())
        hello = re.compile(rf"\n{mark}\n({_BOOT_ID})\n{mark}\n".encode())
        talk = converse(self._process, b"", deadline, lambda out, err: bool(hello.search(out)), keep=True)
        found = hello.search(talk.stdout)
        if found is None:
            self.end(gently=False)
            raise self._unreachable(deadline, talk.stdout)
        return found[1].decode()

    def say(
        self, remote: str, said: bytes, deadline: Deadline, ending: re.Pattern[bytes], *, both: bool = True
    ) -> Talk:
        """Run a remote command with `said` as its input, until `ending` is in its output (`both`: and its errors)."""
        process = _started(session(self._socket, remote), stderr=subprocess.PIPE)
        return converse(
            process, said, deadline, lambda out, err: bool(ending.search(out) and (not both or ending.search(err)))
        )

    def dropped(self) -> bool:
        """Whether the connection is gone; asked after a command that ended as it should not."""
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            # Both learn of a lost link at the same time, in any order.
            self._process.wait(timeout=1)
        return self._process.poll() is not None

    def logs(self) -> Logs:
        """What ssh has said about the connection."""
        return Logs(*(_read(self._directory / name) for name in ("log", "jump")))

    def stop(self) -> None:
        """End it from another thread, also while it connects; it is never connected again."""
        self._stopped.set()
        with self._starting:
            if self._process is not None:
                _kill(self._process)

    def end(self, *, gently: bool) -> None:
        """End the process; gently: let what it runs on the node come to its end first."""
        process = self._process
        if process is None:
            return
        streams = (process.stdin, process.stdout)
        if gently and process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=2)
        _kill(process)
        process.wait()
        for stream in streams:
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def interrupted(self) -> NodeError:
        """The error where the run was stopped."""
        return NodeError(f"{self.node.name} was not asked to the end: the run was stopped")

    @property
    def _socket(self) -> Path:
        # Numbered, so that a new connection does not meet what is left of the old.
        return self._directory / f"s{self._count}"

    def _unreachable(self, deadline: Deadline, said: bytes) -> NodeError:
        if self.stopped:
            return self.interrupted()
        logs = self.logs()
        found = explain_failure(self.node, logs, "timed out")
        seen = str(logs) or said.decode(errors="replace").strip() or f"nothing within {deadline.seconds:g} s"
        at = f"{self.node.host} port {self.node.port}" if self.node.port else self.node.host
        at += f" by way of {self.node.jump}" if self.node.jump else ""
        return NodeError(
            f"{self.node.name} cannot be asked: {found.reason}",
            expected=f"an SSH connection to {at}",
            seen=seen[-1500:],
            hint=found.hint,
        )


def options(accept_new: bool, seconds: int) -> list[str]:
    """Options of every connection to a node or its jump host; what comes first counts, so a configuration adds only."""
    settings = {
        "BatchMode": "yes",
        "StrictHostKeyChecking": "accept-new" if accept_new else "yes",
        "UpdateHostKeys": "no",
        "ConnectTimeout": str(seconds),
        "ConnectionAttempts": "1",
        "ServerAliveInterval": str(ALIVE_SECONDS),
        "ServerAliveCountMax": str(ALIVE_COUNT),
        "ForwardAgent": "no",
        "ForwardX11": "no",
        "ClearAllForwardings": "yes",
        "PermitLocalCommand": "no",
        "LogLevel": "INFO",
    }
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def master(node: Node, socket: Path, log: Path, mark: str, accept_new: bool, seconds: int) -> list[str]:
    """The one connection to a node, which all commands share. It says `mark`, the boot's id, and stays.

    What is said about a jump host goes to `log`.
    """
    own = {
        "ControlMaster": "yes",
        "ControlPath": str(socket).replace("%", "%%"),
        "ControlPersist": "no",
        "RemoteCommand": "none",
        "RequestTTY": "no",
        "EscapeChar": "none",
    }
    words = [
        "ssh",
        *options(accept_new, seconds),
        *(word for key, value in own.items() for word in ("-o", f"{key}={value}")),
    ]
    words += ["-F", str(node.ssh_config)] if node.ssh_config else []
    words += ["-p", str(node.port)] if node.port else []
    if node.user or not node.ssh_config:
        words += ["-l", node.user or "root"]
    words += ["-i", str(node.identity), "-o", "IdentitiesOnly=yes"] if node.identity else []
    words += ["-o", f"ProxyCommand={_jump(node, log, accept_new, seconds)}"] if node.jump else []
    return [*words, "-T", "--", node.host, _HELLO.format(mark=mark)]


def _jump(node: Node, log: Path, accept_new: bool, seconds: int) -> str:
    """A command line that ssh puts behind `exec`, for its shell: each word quoted, and `%` doubled, for ssh expands it.

    ProxyJump would check the jump host's key by other rules than these, may ask on the terminal, and leaves behind the
    connection that a user's own configuration wants shared.
    """
    assert node.jump is not None
    # VERBOSE says when the jump host has let us in.
    words = ["/bin/sh", "-c", 'exec "$@" 2>>"$0"', str(log), tool("setpriv"), "--pdeathsig", "KILL"]
    words += [tool("ssh"), "-o", "LogLevel=VERBOSE", *options(accept_new, seconds)]
    words += ["-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "RemoteCommand=none"]
    words += ["-F", str(node.ssh_config)] if node.ssh_config else []
    words += ["-i", str(node.identity), "-o", "IdentitiesOnly=yes"] if node.identity else []
    gate, colon, port = node.jump.rpartition(":")
    if not colon or "]" in port:
        gate, port = node.jump, ""
    words += ["-p", port] if port else []
    words += ["-W", _HOST_AND_PORT, "--", gate.replace("[", "").replace("]", "")]
    # A configuration may know the node by another name, or at another port.
    return shlex.join(words).replace("%", "%%").replace(_HOST_AND_PORT, "[%h]:%p")


def session(socket: Path, remote: str) -> list[str]:
    """A command over the shared connection; never one of its own, where that is gone."""
    alone = ("-o", "ControlMaster=no", "-o", "ProxyCommand=false", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR")
    return [
        "ssh",
        "-F",
        "none",
        "-o",
        f"ControlPath={str(socket).replace('%', '%%')}",
        *alone,
        "-T",
        "--",
        "node",
        remote,
    ]


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
                        return True  # there is no reader left for what is unsent
                    continue
                key.data.extend(data)
                if len(key.data) > LONGEST_OUTPUT:
                    raise HarnessError(
                        "a command prints too much", expected=f"at most {LONGEST_OUTPUT} bytes", seen="more"
                    )
                if done(out, err):
                    return True
    return True


def _write(descriptor: int, data: memoryview) -> int:
    try:
        return os.write(descriptor, data[:CHUNK])
    except BlockingIOError:
        return 0
    except BrokenPipeError:
        return len(data)  # there is no reader any more


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _read(path: Path) -> str:
    return path.read_text(errors="replace").strip().replace("\r", "") if path.exists() else ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Together with the ssh to a jump host, which is in its group, and would wait for one that hangs."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _started(words: list[str], stderr: int) -> subprocess.Popen[bytes]:
    # The kernel ends it with the thread that started it, which is the one that asks the node.
    guarded = [tool("setpriv"), "--pdeathsig", "KILL", tool(words[0]), *words[1:]]
    # A jump host that only a configuration names is asked for by an ssh of its own, which has no terminal to ask on
    # either; without this, it would open a window.
    environment = {**os.environ, "SSH_ASKPASS_REQUIRE": "never"}
    return subprocess.Popen(
        guarded,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,
        env=environment,
    )
