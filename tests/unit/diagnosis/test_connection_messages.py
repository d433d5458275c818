"""What the SSH connection says of a node that cannot be reached is what the diagnosis knows."""

from __future__ import annotations

import re

import pytest

from rknn_validation.diagnosis.upstream import RULES
from rknn_validation.nodes.sshmessages import explain_ssh

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!", "host-key-changed"),
        ("Host key verification failed.", "host-key-unknown"),
        ("root@opi01: Permission denied (publickey).", "login-refused"),
        ("ssh: Could not resolve hostname opi01", "name-unknown"),
        ("ssh: connect to host opi01 port 22: Connection refused", "no-sshd"),
        ("ssh: connect to host opi01 port 22: No route to host", "node-silent"),
        ("ssh: connect to host opi01 port 22: Connection timed out", "node-silent"),
        ("Connection closed by remote host", "node-silent"),
    ],
)
def test_the_reason_alone_leads_to_the_cause(said: str, cause: str) -> None:
    reason = explain_ssh(said).reason
    assert [rule.id for rule in RULES if any(re.search(sign.pattern, reason) for sign in rule.signs)] == [cause]
