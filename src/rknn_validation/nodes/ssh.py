"""A node that is asked over one SSH connection: commands in, results out; a lost connection is no answer."""

from __future__ import annotations

import contextlib
import re
import secrets
import shlex
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from testinfra.host import Host

from rknn_validation.common.command import Completed, quoted, still_running
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import DeadlineExceeded, HarnessError, NodeError
from rknn_validation.common.workspace import workspace
from rknn_validation.nodes import backend
from rknn_validation.nodes.sshconnection import SshConnection, Talk
from rknn_validation.nodes.sshmessages import Explanation, Logs, explain_failure, explain_sudo
from rknn_validation.subject.inventory import Node

GRACE = 15
"""Seconds a node gets on top, to end a command that is late and to say so."""
LOST = 255
"""The status ssh ends with where the connection does, and a command may end with as well."""
LONGEST_COMMAND = 100_000
"""Bytes: on the node it is one argument, which Linux limits to 128 KiB."""
PATH = (
    "/run/wrappers/bin:/run/current-system/sw/bin:/run/current-system/sw/sbin"
    ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

# Read whole before any of it runs, for it closes its own input. The command is one word for the shell that runs it;
# its status is printed by a shell that outlives it, on both streams, so that what it leaves running holds nothing up.
# What is said before the first mark is not the command's: sudo's lecture, or what ~/.bashrc prints at every login.
_SCRIPT = """\
{{
exec </dev/null
unset SSH_CLIENT SSH2_CLIENT SSH_CONNECTION  # bash reads ~/.bashrc where it sees them
PATH={path}; export PATH
echo {mark}; echo {mark} >&2
cd /root 2>/dev/null || cd /
shell=$(command -v bash || command -v sh)
timeout --kill-after=5 {seconds} sh -c '
env -i PATH="$PATH" HOME=/root USER=root LOGNAME=root LANG=C.UTF-8 TERM=dumb "$1" -c "$0"
status=$?
printf "\\n%s %s\\n" {mark} "$status"
printf "\\n%s %s\\n" {mark} "$status" >&2' {command} "$shell" ||
{{ printf '\\n%s late\\n' {mark}; printf '\\n%s late\\n' {mark} >&2; }}
exit
}}
"""

# NixOS has a sudo that works among its wrappers alone. Its messages are read, so they have to be in English.
_FIND = "PATH=/run/wrappers/bin:$PATH:/run/current-system/sw/bin; LC_ALL=C; export LC_ALL"
# Single quotes around all of it, and none inside: so every login shell hands it on as it is.
_PLAIN = "exec /bin/sh -c 'exec /bin/sh -s'"
_RUN = f"exec /bin/sh -c '{_FIND}; exec sudo -n -- /bin/sh -s'"
_TRY = f"exec /bin/sh -c '{_FIND}; exec sudo -n -- /bin/sh -c \"echo {{mark}}\"'"
# Where sudo wants no password after all, the line with it is skipped, not run.
_RUN_ASK = (
    f'exec /bin/sh -c \'{_FIND}; exec sudo -k -S -p "" -- '
    '/bin/sh -c "while IFS= read -r line; do case \\$line in {mark}) exec /bin/sh -s;; esac; done"\''
)
_TRY_ASK = f'exec /bin/sh -c \'{_FIND}; exec sudo -k -S -p "" -- /bin/sh -c "echo {{mark}}"\''


@dataclass(frozen=True)
class Limits:
    """Seconds until a connection must stand, a command must have ended, and all questions to a node be answered."""

    connect: float = 15.0
    command: float = 90.0
    total: float = 900.0


@dataclass(frozen=True)
class Password:
    """What a person has typed. No representation shows it, so that no traceback or log does."""

    text: str = field(default="", repr=False)


class SshLink:
    """Connects on entry, and leaves no process, socket or directory behind.

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
        self._connection = SshConnection(node, self._stack.enter_context(workspace()), accept_new=accept_new)
        self._boot = ""

    def __enter__(self) -> Self:
        try:
            self._boot = self._connection.connect(self._connect_seconds())
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
        return self._connection.pid

    def close(self) -> None:
        """End the connection."""
        self._connection.end(gently=True)
        self._stack.close()

    def host(self) -> Host:
        """The node as a testinfra host."""
        return backend.host(self.node.name, self.run)

    def stop(self) -> None:
        """End it from another thread, also while it connects or waits: whatever waits raises NodeError."""
        self._connection.stop()

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
        said = _script(command, mark, whole)
        if self.node.sudo == "ask":
            said = f"{self._password.text}\n{mark}\n{said}"
        deadline = Deadline.after(whole + GRACE, f"{quoted(command)} on {self.node.name}")
        ending = re.compile(rb"\n" + mark.encode() + rb" (\d+|late)\n")
        talk = self._connection.say(_shell(self.node.sudo, mark), said.encode(), deadline, ending)
        found = ending.search(talk.stdout)
        if talk.late:
            seen = f"nothing for {deadline.seconds:g} s"
            raise NodeError(f"{self.node.name} no longer answers", expected=deadline.what, seen=seen)
        if found is None:
            raise self._unanswered(talk)
        out, err = (_between(mark, ending, said) for said in (talk.stdout, talk.stderr))
        if found[1] != b"late":
            return Completed(int(found[1]), out, err)
        raise DeadlineExceeded(
            f"gave up waiting for {deadline.what}",
            expected=f"an answer within {whole} s",
            seen=still_running(Completed(LOST, out, err)),
        )

    def _unanswered(self, talk: Talk) -> Exception:
        """A session that ended without its mark: the link is gone, or something on the node ended it."""
        said = talk.stderr.decode(errors="replace").strip()
        if self._connection.dropped():
            return _Dropped(self._connection.logs().with_more(said))
        return HarnessError(
            f"{self.node.name} ended a command without an answer",
            expected="the command's exit status",
            seen=f"exit status {talk.status} of ssh, and: {said[-500:] or 'no word'}",
        )

    def _connect_again(self) -> None:
        try:
            boot = self._connection.connect(self._connect_seconds())
        except NodeError as error:
            message = f"{error.message} (the link to it was lost before)"
            raise NodeError(message, expected=error.expected, seen=error.seen, hint=error.hint) from error
        if boot != self._boot:
            self._connection.end(gently=False)
            raise NodeError(
                f"{self.node.name} rebooted while it was asked",
                expected=f"boot {self._boot}",
                seen=f"boot {boot}",
                hint="run it again now that it is up; if nobody rebooted it, the log of the previous boot may say why",
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
        """Try the password once, with nothing after it: sudo takes the lines after a wrong one for further guesses."""
        mark = secrets.token_hex(16)
        deadline = Deadline.after(self._connect_seconds(), f"sudo on {self.node.name}")
        taken = re.compile(mark.encode())
        said = f"{self._password.text}\n" if self.node.sudo == "ask" else ""
        talk = self._connection.say(_trial(self.node.sudo, mark), said.encode(), deadline, taken, both=False)
        if taken.search(talk.stdout):
            return
        # Any other exit status comes from sudo.
        if not talk.late and talk.status in (None, LOST) and self._connection.dropped():
            raise self._gone(self._connection.logs().with_more(talk.stderr.decode(errors="replace")))
        raise _refusal(self.node, talk, deadline)

    def _connect_seconds(self) -> float:
        return min(self.limits.connect, self._total.remaining())

    def _gone(self, logs: Logs, before: str = "") -> NodeError:
        if self._connection.stopped:
            return self._connection.interrupted()
        found = explain_failure(self.node, logs)
        return NodeError(
            f"the link to {self.node.name} was lost: {found.reason}",
            expected="a connection that stays",
            seen=f"{before}{str(logs)[-1500:] or 'its end'}",
            hint=found.hint,
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


def _refusal(node: Node, talk: Talk, deadline: Deadline) -> NodeError:
    """The error where sudo did not serve in a trial."""
    said = talk.stderr.decode(errors="replace").strip()[-1500:]
    found = explain_sudo(said)
    if talk.late:
        hint = "log in as the user by hand and run sudo -v: it may ask for more than a password, or wait for a server"
        found = Explanation("sudo does not answer", hint)
        said = f"nothing within {deadline.seconds:g} s" + (f", but: {said}" if said else "")
    return NodeError(
        f"{node.name}: {found.reason}",
        expected=f"sudo: {node.sudo} makes {node.user or 'the user'} root",
        seen=said or f"exit status {talk.status}, and no word",
        hint=found.hint,
    )


def _script(command: str, mark: str, seconds: int) -> str:
    """A script that runs a command between a `mark` and a `mark` with its status, or `late`, on both streams."""
    return _SCRIPT.format(path=PATH, seconds=seconds, mark=mark, command=shlex.quote(command))


def _shell(sudo: str, mark: str) -> str:
    """The remote command that reads a script, as root where sudo makes it so.

    With `ask`, a line with the password and one with `mark` come before the script.
    """
    return {"none": _PLAIN, "passwordless": _RUN, "ask": _RUN_ASK}[sudo].format(mark=mark)


def _trial(sudo: str, mark: str) -> str:
    """The remote command that says `mark` where sudo serves; with `ask`, it reads the password first."""
    return {"passwordless": _TRY, "ask": _TRY_ASK}[sudo].format(mark=mark)
