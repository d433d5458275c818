"""A node that is asked over one SSH connection: commands in, results out, losses told from answers."""

from __future__ import annotations

import contextlib
import re
import secrets
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import DeadlineExceeded, HarnessError, NodeError
from rknn_validation.common.workspace import workspace
from rknn_validation.nodes import sshcommand, sshsudo
from rknn_validation.nodes.sshhops import Logs, blamed
from rknn_validation.nodes.sshmaster import Master
from rknn_validation.nodes.sshsudo import Password
from rknn_validation.nodes.sshtalk import Talk
from rknn_validation.subject.inventory import Node

GRACE = 15
"""Seconds a node gets on top, to end a command that is late and to say so."""
LOST = 255
"""The status ssh ends with where the connection does, and a command may end with as well."""
LONGEST_COMMAND = 100_000
"""Bytes: on the node it is one argument, which Linux limits to 128 KiB."""


@dataclass(frozen=True)
class Limits:
    """Seconds until a connection must stand, a command must have ended, and all questions to a node be answered."""

    connect: float = 15.0
    command: float = 90.0
    total: float = 900.0


@dataclass(frozen=True)
class Completed:
    """A command that ran on the node: its own exit status, 255 included, and its streams."""

    rc: int
    stdout: bytes
    stderr: bytes


class Link:
    """A context manager that connects on entry and leaves no process, socket or directory behind.

    `run` raises HarnessError where the node could not be asked. Once the link is lost for good (`lost` says why), it
    does so at once. `retry`: a lost link is made again, once a command. `password` is sudo's, for `sudo: ask`.
    """

    def __init__(
        self,
        node: Node,
        limits: Limits | None = None,
        *,
        accept_new: bool = False,
        password: Password | None = None,
        need_root: bool = True,
    ) -> None:
        self.node = node
        self.limits = limits or Limits()
        self.retry = True
        self.lost: NodeError | None = None
        self._password = password or Password()
        self._need_root = need_root
        self._stack = contextlib.ExitStack()
        self._total = Deadline.after(self.limits.total, f"all answers of {node.name}")
        self._master = Master(node, self._stack.enter_context(workspace()), accept_new=accept_new)
        self._boot = ""

    def __enter__(self) -> Self:
        try:
            self._boot = self._master.connect(self._connect_seconds())
            if self._need_root:
                self._require_root()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process identifier of the connection's ssh."""
        return self._master.pid

    def close(self) -> None:
        """End the connection."""
        self._master.end(gently=True)
        self._stack.close()

    def stop(self) -> None:
        """End it from another thread, also while it connects or waits: whatever waits raises NodeError."""
        self._master.stop()

    def run(self, command: str) -> Completed:
        """Run a shell command as root, in the environment of no login.

        A link that was lost is made once more and the command repeated, where `retry` allows; never for what a command
        answered. Raises DeadlineExceeded where the command is late, NodeError where the node is gone or rebooted.
        """
        if self.lost is not None:
            raise self.lost
        if len(command.encode()) > LONGEST_COMMAND:
            seen = f"{len(command.encode())} bytes: {command[:80]}"
            raise HarnessError("a command is too long", expected=f"at most {LONGEST_COMMAND} bytes", seen=seen)
        try:
            return self._run(command)
        except NodeError as error:
            self.lost = error
            raise

    def _run(self, command: str) -> Completed:
        try:
            return self._attempt(command, self.limits.command)
        except _Dropped as dropped:
            if not self.retry:
                raise self._gone(dropped.logs) from dropped
        self._connect_again()
        try:
            return self._attempt(command, self.limits.command)
        except _Dropped as dropped:
            raise self._gone(dropped.logs, "lost twice in a row: ") from dropped

    def _attempt(self, command: str, seconds: float) -> Completed:
        whole = max(1, int(min(seconds, self._total.remaining())))
        mark = f"answer-{secrets.token_hex(16)}"
        said = sshcommand.script(command, mark, whole)
        if self.node.sudo == "ask":
            said = f"{self._password.text}\n{mark}\n{said}"
        deadline = Deadline.after(whole + GRACE, f"{_short(command)} on {self.node.name}")
        ending = re.compile(rb"\n" + mark.encode() + rb" (\d+|late)\n")
        talk = self._master.say(sshsudo.shell(self.node.sudo, mark), said.encode(), deadline, ending)
        found = ending.search(talk.stdout)
        if talk.late:
            seen = f"nothing for {deadline.seconds:g} s"
            raise NodeError(f"{self.node.name} no longer answers", expected=deadline.what, seen=seen)
        if found is None:
            raise self._unanswered(talk)
        out, err = (_between(mark, ending, said) for said in (talk.stdout, talk.stderr))
        if found[1] != b"late":
            return Completed(int(found[1]), out, err)
        text = (out + err).decode(errors="replace").strip()
        raise DeadlineExceeded(
            f"gave up waiting for {deadline.what}",
            expected=f"an answer within {whole} s",
            seen=f"a command still running that had said: {text[-1000:]}"
            if text
            else "a command still running, silent",
        )

    def _unanswered(self, talk: Talk) -> Exception:
        """A session that ended without its mark: the link is gone, or something on the node ended it."""
        said = talk.stderr.decode(errors="replace").strip()
        if self._master.dropped():
            return _Dropped(self._master.logs().with_more(said))
        return HarnessError(
            f"{self.node.name} ended a command without an answer",
            expected="the command's exit status",
            seen=f"exit status {talk.status} of ssh, and: {said[-500:] or 'no word'}",
        )

    def _connect_again(self) -> None:
        try:
            boot = self._master.connect(self._connect_seconds())
        except NodeError as error:
            message = f"{error.message} (the link to it was lost before)"
            raise NodeError(message, expected=error.expected, seen=error.seen, hint=error.hint) from error
        if boot != self._boot:
            self._master.end(gently=False)
            raise NodeError(
                f"{self.node.name} rebooted while it was asked",
                expected=f"boot {self._boot}",
                seen=f"boot {boot}",
                hint="ask again now that it is up; if nobody rebooted it, its log of the boot before may say why",
            )

    def _require_root(self) -> None:
        if self.node.sudo != "none":
            self._try_sudo()
        try:
            who = self._attempt("id -u", self.limits.connect).stdout.strip()
        except _Dropped as dropped:
            raise self._gone(dropped.logs) from dropped
        if who != b"0":
            hint = "log in as root, or give the node sudo: passwordless, or sudo: ask"
            seen = f"uid {who.decode(errors='replace')}"
            raise NodeError(f"{self.node.name}: commands do not run as root", expected="uid 0", seen=seen, hint=hint)

    def _try_sudo(self) -> None:
        """Once, by itself: what sudo reads after a wrong password are further guesses."""
        mark = secrets.token_hex(16)
        deadline = Deadline.after(self._connect_seconds(), f"sudo on {self.node.name}")
        taken = re.compile(mark.encode())
        said = f"{self._password.text}\n" if self.node.sudo == "ask" else ""
        talk = self._master.say(sshsudo.trial(self.node.sudo, mark), said.encode(), deadline, taken, both=False)
        if taken.search(talk.stdout):
            return
        # Any other status is sudo's own.
        if not talk.late and talk.status in (None, LOST) and self._master.dropped():
            raise self._gone(self._master.logs().with_more(talk.stderr.decode(errors="replace")))
        raise sshsudo.refusal(self.node, talk, deadline)

    def _connect_seconds(self) -> float:
        return min(self.limits.connect, self._total.remaining())

    def _gone(self, logs: Logs, before: str = "") -> NodeError:
        if self._master.stopped:
            return self._master.interrupted()
        complaint = blamed(self.node, logs)
        return NodeError(
            f"the link to {self.node.name} was lost: {complaint.reason}",
            expected="a connection that stays",
            seen=f"{before}{str(logs)[-1500:] or 'its end'}",
            hint=complaint.hint,
        )


class _Dropped(Exception):
    """The connection is gone; `logs` is what ssh said of it."""

    def __init__(self, logs: Logs) -> None:
        super().__init__(str(logs))
        self.logs = logs


def _between(mark: str, ending: re.Pattern[bytes], said: bytes) -> bytes:
    """What a command itself has said."""
    _, _, rest = said.partition(f"{mark}\n".encode())
    return ending.split(rest)[0]


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:79]}…")
