"""What the messages of ssh and sudo mean, at which host a connection failed, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rknn_validation.subject.inventory import Node


@dataclass(frozen=True)
class Explanation:
    """Why a node cannot be asked, and a hint for the person who has to fix it."""

    reason: str
    hint: str

    def of(self, host: str, key: str = "", where: str = "") -> Explanation:
        """The same about another host than the node, which `key` of the inventory names."""
        hint = re.sub(r"\b(port|host):", key, self.hint) if key else self.hint
        return Explanation(f"{host}: {self.reason}", hint.replace("the node", where) if where else hint)


_SSH = (
    ("HOST IDENTIFICATION HAS CHANGED", "its host key has changed",
     "if it was reinstalled, remove the old key with ssh-keygen -R; if not, somebody may be intercepting"),
    ("host key is known for|Host key verification failed", "its host key is not known",
     "compare the key and add it to known_hosts, or trust it once with --accept-new-host-keys"),
    ("UNPROTECTED PRIVATE KEY", "ssh does not use a private key that others can read", "chmod 0600 the identity"),
    ("Permission denied|Too many authentication failures", "it refuses the key",
     "add the public key to the user's authorized keys on the node, or name another with identity:"),
    ("Could not resolve hostname|Name or service not known|name resolution", "its name cannot be resolved",
     "check host: in the inventory, and the name service"),
    ("Connection refused", "nothing listens at its SSH port", "check port: in the inventory, and sshd on the node"),
    ("No route to host|Network is unreachable", "there is no route to it", "check that it is on, and its network"),
    ("timed out|Timeout, server", "it does not answer", "check that it is on, and its network"),
    ("[Bb]ad configuration option|Bad owner or permissions", "ssh rejects its configuration file", "fix that file"),
    ("banner exchange|kex_exchange|closed|reset by peer|Broken pipe|disconnect", "it ended the connection",
     "read sshd's log on the node"),
    ("", "ssh cannot connect to it", "try the same by hand: ssh -v"),
)  # fmt: skip

_GRANT = "let the user run everything: 'USER ALL=(ALL) ALL' in sudoers, or the group wheel on NixOS"
_SUDO = (
    ("must have a tty", "sudo wants a terminal (requiretty)", "put 'Defaults:USER !requiretty' into sudoers"),
    ("not in the sudoers file|not allowed to execute|may not run sudo", "its user may not run everything with sudo",
     _GRANT),
    ("[Ii]ncorrect password|incorrect authentication|try again", "sudo refuses the password",
     "run it again and check the keyboard layout; one password is asked for, for all nodes with sudo: ask"),
    ("password is required|terminal is required|no password was provided", "sudo wants a password",
     "set sudo: ask in the inventory, or let the user do without: 'USER ALL=(ALL) NOPASSWD: ALL' in sudoers"),
    ("[Aa]ccount|expired|[Pp]assword change|authentication token", "sudo does not accept its user's account",
     "log in as the user by hand and run: sudo -v"),
    ("must be owned by uid 0|effective uid is not 0|no new privileges|nosuid", "its sudo cannot become root",
     "on NixOS that needs security.sudo.enable; elsewhere, check the permissions of sudo and nosuid mounts"),
    ("syntax error|no valid sudoers|unable to (open|stat|read)|bad permissions|world writable",
     "sudo rejects its own configuration", "run visudo -c on the node"),
    ("sudo: not found|sudo: command not found|sudo: No such file|sudo: Permission denied", "it has no sudo",
     "install it, or log in as root (user: root)"),
    ("", "sudo does not make it root", "log in as the user by hand and run: sudo -v"),
)  # fmt: skip


def explain_ssh(said: str) -> Explanation:
    """The meaning of ssh's own messages."""
    return _first(_SSH, said)


def explain_sudo(said: str) -> Explanation:
    """The meaning of sudo's own messages."""
    return _first(_SUDO, said)


def _first(known: Iterable[tuple[str, str, str]], said: str) -> Explanation:
    return next(Explanation(reason, hint) for pattern, reason, hint in known if re.search(pattern, said))


# What ssh says of a jump host at LogLevel VERBOSE; everything after it is about what is behind.
_JUMP_LOGGED_IN = re.compile(r"^Authenticated to .*$", re.MULTILINE)
_FORWARD_REFUSED = re.compile(r"open failed: (?P<why>.*)")
# Where ssh has no address of the other end, it went through a command: a jump host that a configuration names.
_PROXIED = "UNKNOWN port 65535"


@dataclass(frozen=True)
class Logs:
    """What ssh has said about a node's connection, and about the one to its jump host."""

    node: str
    jump: str = ""

    def with_more(self, said: str) -> Logs:
        """Together with what a command over the connection has said of its end."""
        return Logs(f"{self.node} {said}".strip(), self.jump)

    def __str__(self) -> str:
        return "\n".join(part for part in (f"jump host: {self.jump}" if self.jump else "", self.node) if part)


def explain_failure(node: Node, logs: Logs, silence: str = "") -> Explanation:
    """What went wrong, and at which host. `silence` is taken for the message where ssh says nothing."""
    if node.jump is None:
        found = explain_ssh(logs.node or silence)
        return found.of("it, or a jump host that ssh's configuration names") if _PROXIED in logs.node else found
    logged_in = _JUMP_LOGGED_IN.search(logs.jump)
    if logged_in is None:
        said = logs.jump or logs.node or silence
        return explain_ssh(said).of(f"its jump host {node.jump}", "jump:", "the jump host")
    behind = f"behind its jump host {node.jump}"
    refused = _FORWARD_REFUSED.search(logs.jump, logged_in.end())
    if refused is None:
        since = logs.jump[logged_in.end() :]
        if re.search("Timeout, server|closed by remote host|reset by peer|Broken pipe", since):
            return explain_ssh(since).of(f"its jump host {node.jump}", "jump:", "the jump host")
        return explain_ssh(logs.node or silence).of(behind)
    if "prohibited" in refused["why"]:
        return Explanation(
            f"its jump host {node.jump} forwards no connection to it",
            "check AllowTcpForwarding and PermitOpen in sshd_config there, and restrict in its authorized keys",
        )
    return explain_ssh(refused["why"]).of(behind)
