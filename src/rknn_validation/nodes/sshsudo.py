"""What is said to sudo on a node, and what its refusals mean."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import NodeError
from rknn_validation.nodes.sshcommand import Complaint
from rknn_validation.nodes.sshtalk import Talk
from rknn_validation.subject.inventory import Node

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

_GRANT = "let the user run everything: 'USER ALL=(ALL) ALL' in sudoers, or the group wheel on NixOS"
_COMPLAINTS = (
    ("must have a tty", "sudo wants a terminal (requiretty)", "put 'Defaults:USER !requiretty' into sudoers"),
    ("not in the sudoers file|not allowed to execute|may not run sudo", "its user may not run everything with sudo",
     _GRANT),
    ("[Ii]ncorrect password|incorrect authentication|try again", "sudo refuses the password",
     "run it again and mind the keyboard's layout; one password is asked for, for all nodes with sudo: ask"),
    ("password is required|terminal is required|no password was provided", "sudo wants a password",
     "say sudo: ask in the inventory, or let the user do without: 'USER ALL=(ALL) NOPASSWD: ALL' in sudoers"),
    ("[Aa]ccount|expired|[Pp]assword change|authentication token", "sudo does not take its user's account",
     "log in as the user by hand and run: sudo -v"),
    ("must be owned by uid 0|effective uid is not 0|no new privileges|nosuid", "its sudo cannot become root",
     "on NixOS that needs security.sudo.enable; elsewhere, see the permissions of sudo and nosuid mounts"),
    ("syntax error|no valid sudoers|unable to (open|stat|read)|bad permissions|world writable",
     "sudo does not take its own configuration", "run visudo -c on the node"),
    ("sudo: not found|sudo: command not found|sudo: No such file|sudo: Permission denied", "it has no sudo",
     "install it, or log in as root (user: root)"),
)  # fmt: skip


@dataclass(frozen=True)
class Password:
    """What a person has typed. No representation shows it, so that no traceback or log does."""

    text: str = field(default="", repr=False)


def understood(said: str) -> Complaint:
    """The meaning of sudo's own messages."""
    for pattern, reason, hint in _COMPLAINTS:
        if re.search(pattern, said):
            return Complaint(reason, hint)
    return Complaint("sudo does not make it root", "log in as the user by hand and run: sudo -v")


def refusal(node: Node, talk: Talk, deadline: Deadline) -> NodeError:
    """The error where sudo did not serve in a trial."""
    said = talk.stderr.decode(errors="replace").strip()[-1500:]
    complaint = understood(said)
    if talk.late:
        hint = "log in as the user by hand and run sudo -v: it may ask for more than a password, or wait for a server"
        complaint = Complaint("sudo does not answer", hint)
        said = f"nothing within {deadline.seconds:g} s" + (f", but: {said}" if said else "")
    return NodeError(
        f"{node.name}: {complaint.reason}",
        expected=f"sudo: {node.sudo} makes {node.user or 'the user'} root",
        seen=said or f"exit status {talk.status}, and no word",
        hint=complaint.hint,
    )


def shell(sudo: str, mark: str) -> str:
    """The remote command that reads a script, as root where sudo makes it so.

    With `ask`, a line with the password and one with `mark` come before the script.
    """
    return {"none": _PLAIN, "passwordless": _RUN, "ask": _RUN_ASK}[sudo].format(mark=mark)


def trial(sudo: str, mark: str) -> str:
    """The remote command that says `mark` where sudo serves; with `ask`, it reads the password first."""
    return {"passwordless": _TRY, "ask": _TRY_ASK}[sudo].format(mark=mark)
