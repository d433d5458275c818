"""The C client on a node, and a clean environment to start it in."""

from __future__ import annotations

from rknn_validation.checks.node.question import Question
from rknn_validation.machine.standins import CLIENT

CLIENTS = (CLIENT, "/run/rknn-validation/npu-client")
"""Where the C client (machine/guest/npu_client.c) may be: laid on emulated boards, put there by hand on real ones."""

NOBODY = "setpriv --reuid=65534 --regid=65534 --no-new-privs --inh-caps=-all"
"""Runs what follows as a user that is nobody; give it `--clear-groups` or `--groups`."""

LOGIN_SHELL = (
    "env -i HOME=/var/empty USER=nobody LOGNAME=nobody $(command -v setpriv) --reuid=65534 --regid=65534"
    " --clear-groups $(command -v bash) -lc"
)
"""Runs the next word as an unprivileged user's login shell would, with nothing inherited."""


def client(question: Question) -> str | None:
    """The C client's path on the node, None where it has none."""
    return next((path for path in CLIENTS if question.run("test -x %s", path).rc == 0), None)
