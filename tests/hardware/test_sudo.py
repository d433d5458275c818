"""Root by way of the real sudo: what works, and what each refusal is called. Nothing waits at a prompt."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jumps import processes_about
from leaks import files_with, processes_with
from localsshd import Sshd, running
from sudohost import PASSWORD, SECRET, unavailable, with_sudo

from rknn_validation.common.errors import NodeError
from rknn_validation.nodes.ssh import Limits, Password, SshLink
from rknn_validation.nodes.sshmessages import explain_sudo

pytestmark = pytest.mark.integration

LIMITS = Limits(connect=20.0, command=20.0, total=120.0)
RIGHT, WRONG = Password(PASSWORD), Password("not this one")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    if why := unavailable():
        pytest.skip(why)
    with with_sudo(tmp_path_factory.mktemp("sudo")) as server:
        yield server


@pytest.mark.parametrize(
    ("user", "sudo"),
    [
        ("free", "passwordless"),
        ("free", "ask"),  # the line with the password is not run as a command
        ("asked", "ask"),
        ("lectured", "ask"),
        ("lectured-free", "passwordless"),
        ("pty", "ask"),  # what sudo does unless told otherwise, as of 1.9.14
        ("pty-free", "passwordless"),
        ("noisy", "passwordless"),
    ],
)
def test_commands_run_as_root_and_return_their_output(host: Sshd, user: str, sudo: str) -> None:
    with SshLink(host.node(user=user, sudo=sudo), LIMITS, password=RIGHT) as link:
        for _ in range(2):
            result = link.host().run("id -u; pwd; echo x >&2; exit 3")
            assert (result.rc, result.stdout, result.stderr) == (3, "0\n/root\n", "x\n")
        assert link.run("head -c 300000 /dev/zero; printf '\\377'").stdout == b"\0" * 300_000 + b"\xff"
        assert link.run("cat").stdout == b""


@pytest.mark.parametrize(
    ("user", "sudo", "password", "word"),
    [
        ("asked", "ask", WRONG, "sudo refuses the password"),
        ("asked", "ask", Password(), "sudo refuses the password"),
        ("lectured", "ask", WRONG, "sudo refuses the password"),
        ("asked", "passwordless", RIGHT, "sudo wants a password"),
        ("lectured", "passwordless", RIGHT, "sudo wants a password"),
        ("stranger", "ask", RIGHT, "may not run everything"),
        ("limited", "ask", RIGHT, "may not run everything"),
        ("limited", "passwordless", RIGHT, "sudo wants a password"),
        ("tty", "passwordless", RIGHT, "requiretty"),
        ("tty", "ask", RIGHT, "requiretty"),
        ("free", "none", RIGHT, "do not run as root"),
    ],
)
def test_refusals_of_sudo_are_explained(host: Sshd, user: str, sudo: str, password: Password, word: str) -> None:
    started = time.monotonic()
    with (
        pytest.raises(NodeError, match=word) as caught,
        SshLink(host.node(user=user, sudo=sudo), LIMITS, password=password),
    ):
        pass
    assert caught.value.expected and caught.value.seen and caught.value.hint
    assert time.monotonic() - started < 20


def test_a_sudo_that_does_not_answer_is_given_up(host: Sshd) -> None:
    started = time.monotonic()
    with (
        pytest.raises(NodeError, match="sudo does not answer"),
        SshLink(host.node(user="slow", sudo="ask"), Limits(connect=4.0), password=RIGHT),
    ):
        pass
    assert time.monotonic() - started < 15


def test_a_link_lost_while_sudo_is_tried_is_no_refusal(host: Sshd) -> None:
    link = SshLink(host.node(user="slow", sudo="ask"), LIMITS, password=RIGHT)
    before = set(processes_about("sudo -k -S"))

    def cut() -> None:
        while not set(processes_about("sudo -k -S")) - before:
            time.sleep(0.02)
        os.kill(link.pid, signal.SIGKILL)

    thread = threading.Thread(target=cut)
    thread.start()
    with pytest.raises(NodeError, match="the link to local was lost"), link:
        pass
    thread.join()


def test_a_wrong_password_is_tried_once_per_node(host: Sshd) -> None:
    """Further guesses would lock the account, where something counts them."""
    with pytest.raises(NodeError) as caught, SshLink(host.node(user="asked", sudo="ask"), LIMITS, password=WRONG):
        pass
    assert "1 incorrect password attempt" in caught.value.seen


@pytest.mark.parametrize("sudo", ["passwordless", "ask"])
def test_a_node_without_sudo(tmp_path: Path, sudo: str) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "cat").symlink_to("/bin/cat")
    with (
        running(tmp_path, f"SetEnv PATH={programs}") as server,
        pytest.raises(NodeError, match="it has no sudo") as caught,
        SshLink(server.node(sudo=sudo), LIMITS, password=RIGHT),
    ):
        pass
    assert "user: root" in caught.value.hint


@pytest.mark.parametrize("sudo", ["none", "passwordless"])
def test_what_a_login_prints_is_no_answer(host: Sshd, sudo: str) -> None:
    with SshLink(host.node(user="noisy", sudo=sudo), LIMITS, need_root=False) as link:
        result = link.host().run("echo out; echo err >&2")
        assert (result.stdout, result.stderr) == ("out\n", "err\n")


def test_the_password_is_in_no_process_and_no_file(host: Sshd) -> None:
    found: list[str] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            found.extend(processes_with(SECRET))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        with SshLink(host.node(user="asked", sudo="ask"), LIMITS, password=RIGHT) as link:
            assert link.run("sleep 0.5").rc == 0
            assert SECRET not in repr(vars(link))
    finally:
        done.set()
        thread.join()
    assert found == []
    assert SECRET not in host.log() and files_with(SECRET, host.directory) == []


def test_an_unknown_message_is_explained_as_a_failure() -> None:
    assert "sudo" in explain_sudo("something new").reason
