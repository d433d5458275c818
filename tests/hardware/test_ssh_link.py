"""The connection to a node, over a real OpenSSH on this machine: answers, losses, and nothing left behind."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from localsshd import Sshd

from rknn_validation.common.errors import DeadlineExceeded, HarnessError, NodeError
from rknn_validation.nodes.ssh import Limits, SshLink
from rknn_validation.nodes.sshmessages import explain_ssh

pytestmark = pytest.mark.integration

LIMITS = Limits(connect=20.0, command=20.0, total=120.0)


@pytest.fixture
def link(sshd: Sshd) -> Iterator[SshLink]:
    with SshLink(sshd.node(), LIMITS, need_root=False) as link:
        yield link


@pytest.mark.parametrize(
    ("command", "status", "out", "err"),
    [
        ("true", 0, "", ""),
        ("exit 255", 255, "", ""),  # what ssh says of itself when a link is lost
        ("exit 124", 124, "", ""),  # what timeout(1) answers when it had to kill
        ("echo out; echo err >&2; exit 3", 3, "out\n", "err\n"),
        ("printf 'no newline'", 0, "no newline", ""),
        ("printf '\\nanswer-0 0\\n'", 0, "\nanswer-0 0\n", ""),
        ("cat", 0, "", ""),  # no standard input to wait for
        ("echo 'it'\"'\"'s' \"$HOME\" `echo x` \\$y %d", 0, "it's /root x $y %d\n", ""),
        ("cat <<E\nline $((1 + 1))\nE", 0, "line 2\n", ""),
        ("head -c 300000 /dev/zero | tr '\\0' x | wc -c", 0, "300000\n", ""),
        ("ls /proc/self/fd | wc -l", 0, "4\n", ""),
    ],
)
def test_a_command_returns_its_status_and_streams(link: SshLink, command: str, status: int, out: str, err: str) -> None:
    result = link.host().backend.run(command)
    assert (result.rc, result.stdout, result.stderr) == (status, out, err)


def test_arguments_are_quoted_and_bytes_survive(link: SshLink) -> None:
    assert link.host().run("printf '%%s|' %s %s", "a b", "$(id) 'c' \"d\"").stdout == "a b|$(id) 'c' \"d\"|"
    assert link.run("printf '\\377\\000x'").stdout == b"\xff\x00x"
    assert len(link.run("head -c 3000000 /dev/zero").stdout) == 3_000_000


def test_the_environment_is_that_of_no_login(link: SshLink) -> None:
    lines = link.host().run("env").stdout.splitlines()
    names = {line.partition("=")[0] for line in lines}
    assert names <= {"PATH", "HOME", "USER", "LOGNAME", "LANG", "TERM", "PWD", "SHLVL", "_", "OLDPWD"}
    assert any(line.startswith("PATH=/run/wrappers/bin:/run/current-system/sw/bin:") for line in lines)


def test_what_a_command_leaves_running_holds_nothing_up(link: SshLink) -> None:
    started = time.monotonic()
    done = link.run("setsid sleep 60 & echo $!")
    assert time.monotonic() - started < 15
    assert link.run(f"kill {int(done.stdout)}").rc == 0


def test_a_late_command_is_ended_and_the_link_stays(sshd: Sshd) -> None:
    with SshLink(sshd.node(), Limits(connect=20.0, command=1.0), need_root=False) as link:
        with pytest.raises(DeadlineExceeded, match="sleep 71"):
            link.run("echo so far; exec sleep 71")
        assert link.run("pgrep -fx 'sleep 71'").rc == 1
        assert link.lost is None


def test_a_command_that_is_too_long_is_refused(link: SshLink) -> None:
    with pytest.raises(HarnessError, match="too long"):
        link.run("x" * 200_000)


def test_a_lost_link_is_made_again_once(link: SshLink) -> None:
    os.kill(link.pid, signal.SIGKILL)
    assert link.run("echo again").stdout == b"again\n"
    os.kill(link.pid, signal.SIGKILL)
    link.retry = False
    with pytest.raises(NodeError, match="was lost"):
        link.run("echo never")
    with pytest.raises(NodeError, match="was lost"):  # at once, and for good
        link.run("echo never")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"port": 1}, "nothing listens"),
        ({"host": "nowhere.invalid"}, "cannot be resolved"),
        ({"host": "localhost"}, "host key is not known"),
        ({"user": "nobody-here"}, "refuses the key"),
    ],
)
def test_the_error_of_an_unreachable_node_names_the_reason(sshd: Sshd, change: dict[str, object], word: str) -> None:
    with pytest.raises(NodeError, match=word) as caught, SshLink(sshd.node(**change), LIMITS):
        pass
    assert caught.value.expected and caught.value.hint


def test_a_node_that_never_answers_is_given_up(sshd: Sshd) -> None:
    sshd.process.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    try:
        with pytest.raises(NodeError, match="cannot be asked"), SshLink(sshd.node(), Limits(connect=2.0)):
            pass
    finally:
        sshd.process.send_signal(signal.SIGCONT)
    assert time.monotonic() - started < 10


def test_nothing_is_left_behind(sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = Path(tempfile.mkdtemp(prefix="t-", dir="/tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    with pytest.raises(KeyboardInterrupt), SshLink(sshd.node(), LIMITS, need_root=False) as link:
        pid = link.pid
        assert list(short.iterdir())
        raise KeyboardInterrupt
    assert list(short.iterdir()) == []
    assert not Path(f"/proc/{pid}").exists()
    short.rmdir()


def test_an_unknown_message_is_explained_as_a_failure() -> None:
    assert "ssh" in explain_ssh("something new").reason
