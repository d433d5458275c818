"""The process that holds a node's one SSH connection, and starts commands over it."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import subprocess
import threading
from pathlib import Path

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError, NodeError
from rknn_validation.common.process import tool
from rknn_validation.nodes import sshcommand
from rknn_validation.nodes.sshhops import Logs, blamed
from rknn_validation.nodes.sshtalk import Talk, converse
from rknn_validation.subject.inventory import Node

LONGEST_SOCKET = 80
"""Of the 108 bytes Linux allows; ssh adds a random suffix while it makes the socket."""
_BOOT_ID = r"[0-9a-f-]{36}"


class Master:
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
        words = sshcommand.master(self.node, self._socket, jump, mark, self._accept_new, max(1, int(seconds)))
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
        """Run a remote command with `said` as its input, until `ending` is on its output (on both, unless told)."""
        process = _started(sshcommand.session(self._socket, remote), stderr=subprocess.PIPE)
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
        complaint = blamed(self.node, logs, "timed out")
        seen = str(logs) or said.decode(errors="replace").strip() or f"nothing within {deadline.seconds:g} s"
        at = f"{self.node.host} port {self.node.port}" if self.node.port else self.node.host
        at += f" by way of {self.node.jump}" if self.node.jump else ""
        return NodeError(
            f"{self.node.name} cannot be asked: {complaint.reason}",
            expected=f"an SSH connection to {at}",
            seen=seen[-1500:],
            hint=complaint.hint,
        )


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
