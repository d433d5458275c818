"""A testinfra host over SSH."""

from __future__ import annotations

from typing import Any

from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

from rknn_validation.nodes.sshlink import Limits, Link

__all__ = ["Limits", "SshBackend", "SshLink", "host"]


class SshBackend(BaseBackend):  # type: ignore[misc]
    """Runs testinfra's commands on a node, as root, over its one connection.

    A command's own failure is an exit status, whatever its number; a node that cannot be asked raises HarnessError, so
    that it can never be taken for an answer.
    """

    NAME = "rknn-ssh"

    def __init__(self, link: Link) -> None:
        super().__init__(link.node.name)
        self._link = link
        self._encoding = "utf-8"

    def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:
        """Run a command; `%s` in it are filled with the quoted `args`."""
        text = self.get_command(command, *args)
        done = self._link.run(text)
        return self.result(done.rc, text.encode(), done.stdout, done.stderr)

    def decode(self, data: bytes) -> str:
        """Text of a command's output; what is not UTF-8 is replaced, never fatal."""
        return data.decode("utf-8", errors="replace")


def host(link: Link) -> Host:
    """The node at the other end of `link` as a testinfra host."""
    return Host(SshBackend(link))


class SshLink(Link):
    """A link that is a testinfra host as well."""

    def host(self) -> Host:
        """The node as a testinfra host."""
        return host(self)
