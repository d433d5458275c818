"""Which host on the way to a node is meant when a connection fails."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rknn_validation.nodes.sshcommand import Complaint, understood
from rknn_validation.subject.inventory import Node

# What ssh says of a jump host at LogLevel VERBOSE; everything after it is about what is behind.
_STANDS = re.compile(r"^Authenticated to .*$", re.MULTILINE)
_REFUSED = re.compile(r"open failed: (?P<why>.*)")
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


def blamed(node: Node, logs: Logs, silence: str = "") -> Complaint:
    """What went wrong, at the host where it did. `silence`: what it means where ssh says nothing."""
    if node.jump is None:
        complaint = understood(logs.node or silence)
        return complaint.of("it, or a jump host that ssh's configuration names") if _PROXIED in logs.node else complaint
    stands = _STANDS.search(logs.jump)
    if stands is None:
        return understood(logs.jump or logs.node or silence).of(f"its jump host {node.jump}", "jump:", "the jump host")
    behind = f"behind its jump host {node.jump}"
    refused = _REFUSED.search(logs.jump, stands.end())
    if refused is None:
        since = logs.jump[stands.end() :]
        if re.search("Timeout, server|closed by remote host|reset by peer|Broken pipe", since):
            return understood(since).of(f"its jump host {node.jump}", "jump:", "the jump host")
        return understood(logs.node or silence).of(behind)
    if "prohibited" in refused["why"]:
        return Complaint(
            f"its jump host {node.jump} forwards no connection to it",
            "see AllowTcpForwarding and PermitOpen in sshd_config there, and restrict in its authorized keys",
        )
    return understood(refused["why"]).of(behind)
