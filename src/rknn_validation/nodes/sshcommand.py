"""What is said to OpenSSH: options of a connection, commands over it, and what its complaints mean."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from rknn_validation.common.process import tool
from rknn_validation.subject.inventory import Node

ALIVE_SECONDS = 5
ALIVE_COUNT = 2
"""A link is given up when this many questions whether the other end is alive go unanswered, one each ALIVE_SECONDS."""
PATH = (
    "/run/wrappers/bin:/run/current-system/sw/bin:/run/current-system/sw/sbin"
    ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

_HELLO = "exec /bin/sh -c 'echo; echo {mark}; cat /proc/sys/kernel/random/boot_id; echo {mark}; exec cat >/dev/null'"

_TO = "host-and-port-to-ask"

# Read whole before any of it runs, for it closes its own input. The command is one word for the shell that runs it;
# its status is printed by a shell that outlives it, on both streams, so that nobody waits for what it leaves running.
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


@dataclass(frozen=True)
class Complaint:
    """What ssh said, in words for the person who has to act."""

    reason: str
    hint: str

    def of(self, whom: str, key: str = "", where: str = "") -> Complaint:
        """The same of another host than the node, which `key` of the inventory names."""
        hint = re.sub(r"\b(port|host):", key, self.hint) if key else self.hint
        return Complaint(f"{whom}: {self.reason}", hint.replace("the node", where) if where else hint)


_COMPLAINTS = (
    ("HOST IDENTIFICATION HAS CHANGED", "its host key is another than the known one",
     "if it was installed anew, remove the old key with ssh-keygen -R; if not, somebody may sit in between"),
    ("host key is known for|Host key verification failed", "its host key is not known",
     "compare the key and add it to known_hosts, or take it on trust once with --accept-new-host-keys"),
    ("UNPROTECTED PRIVATE KEY", "ssh does not use a private key others can read", "chmod 0600 the identity"),
    ("Permission denied|Too many authentication failures", "it refuses the key",
     "add the public key to the user's authorized keys on the node, or name another with identity:"),
    ("Could not resolve hostname|Name or service not known|name resolution", "its name cannot be resolved",
     "see host: in the inventory, and the name service"),
    ("Connection refused", "nothing listens at its SSH port", "see port: in the inventory, and sshd on the node"),
    ("No route to host|Network is unreachable", "there is no way to it", "see whether it is on, and its network"),
    ("timed out|Timeout, server", "it does not answer", "see whether it is on, and its network"),
    ("[Bb]ad configuration option|Bad owner or permissions", "ssh does not take its configuration", "mend that file"),
    ("banner exchange|kex_exchange|closed|reset by peer|Broken pipe|disconnect", "it ended the connection",
     "see sshd's log on the node"),
)  # fmt: skip


def understood(said: str) -> Complaint:
    """The meaning of ssh's own messages."""
    for pattern, reason, hint in _COMPLAINTS:
        if re.search(pattern, said):
            return Complaint(reason, hint)
    return Complaint("ssh cannot connect to it", "try the same by hand: ssh -v")


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
    words += ["-W", _TO, "--", gate.replace("[", "").replace("]", "")]
    # A configuration may know the node by another name, or at another port.
    return shlex.join(words).replace("%", "%%").replace(_TO, "[%h]:%p")


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


def script(command: str, mark: str, seconds: int) -> str:
    """A script that runs a command between a `mark` and a `mark` with its status, or `late`, on both streams."""
    return _SCRIPT.format(path=PATH, seconds=seconds, mark=mark, command=shlex.quote(command))
