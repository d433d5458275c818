"""A node behind a jump host: which of the two has failed, whose key is checked, and what is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jumps import processes_about, through, wait_until_gone
from localsshd import Sshd, running

from rknn_validation.common.errors import NodeError
from rknn_validation.nodes.ssh import Limits, SshLink
from rknn_validation.subject.inventory import Node

pytestmark = pytest.mark.integration

LIMITS = Limits(connect=20.0, command=20.0, total=120.0)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running(tmp_path_factory.mktemp("gate")) as server:
        yield server


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the harness keeps what it needs for a while; short, as a socket's path has to be."""
    path = Path(tempfile.mkdtemp(prefix="t-", dir="/tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    yield path
    shutil.rmtree(path)


def asked(node: Node) -> bytes:
    with SshLink(node, LIMITS, need_root=False) as link:
        return link.run("echo $((20 + 3))").stdout


def refused(node: Node, word: str, limits: Limits = LIMITS) -> NodeError:
    with pytest.raises(NodeError, match=word) as caught, SshLink(node, limits, need_root=False):
        pass
    return caught.value


def test_a_node_behind_a_jump_host_is_asked(gate: Sshd, sshd: Sshd) -> None:
    before = gate.log().count("Accepted publickey")
    assert asked(through(gate, sshd)) == b"23\n"
    assert gate.log().count("Accepted publickey") == before + 1


def test_the_identity_of_the_inventory_serves_both_hops(gate: Sshd, sshd: Sshd) -> None:
    (gate.directory / "authorized").write_text((sshd.directory / "id.pub").read_text())
    try:
        assert asked(through(gate, sshd, identity=sshd.directory / "id")) == b"23\n"
    finally:
        (gate.directory / "authorized").write_text((gate.directory / "id.pub").read_text())


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"jump": "127.0.0.1:1"}, "its jump host 127.0.0.1:1: nothing listens"),
        ({"jump": "nowhere.invalid"}, "its jump host nowhere.invalid: its name cannot be resolved"),
        ({"port": 1}, "behind its jump host .*: nothing listens"),
        ({"host": "nowhere.invalid"}, "behind its jump host .*: its name cannot be resolved"),
        ({"user": "nobody-here"}, "behind its jump host .*: it refuses the key"),
    ],
)
def test_the_reason_names_the_hop_that_failed(gate: Sshd, sshd: Sshd, change: dict[str, object], word: str) -> None:
    error = refused(through(gate, sshd, **change), word)
    assert error.seen and error.hint
    assert ("jump:" in error.hint) == ("jump" in change)


def test_a_jump_host_that_refuses_the_key(gate: Sshd, sshd: Sshd) -> None:
    node = through(gate, sshd, jump=f"nobody-here@127.0.0.1:{gate.port}")
    assert "on the jump host" in refused(node, "its jump host nobody-here@.*: it refuses the key").hint


def test_a_jump_host_that_forwards_nothing(tmp_path: Path, sshd: Sshd) -> None:
    with running(tmp_path, "AllowTcpForwarding no") as closed:
        assert "AllowTcpForwarding" in refused(through(closed, sshd), "forwards no connection to it").hint


def test_the_host_key_of_each_jump_host_is_checked(gate: Sshd, sshd: Sshd) -> None:
    refused(through(gate, sshd, knows=(sshd,)), r"asked: its jump host .*: its host key is not known")
    refused(through(gate, sshd, knows=(gate,)), r"asked: behind its jump host .*: its host key is not known")
    # Not even where a configuration would take anybody's.
    refused(
        through(gate, sshd, "StrictHostKeyChecking no", knows=(sshd,)), "its jump host .*: its host key is not known"
    )


def test_new_keys_of_both_are_remembered_where_that_is_wanted(gate: Sshd, sshd: Sshd, tmp_path: Path) -> None:
    node = through(gate, sshd, f"UserKnownHostsFile {tmp_path}/known")
    with SshLink(node, LIMITS, accept_new=True, need_root=False) as link:
        assert link.run("true").rc == 0
    known = (tmp_path / "known").read_text()
    assert f"]:{gate.port} " in known and f"]:{sshd.port} " in known


@pytest.mark.parametrize(
    ("frozen", "word"),
    [("gate", "its jump host .*: it does not answer"), ("sshd", "behind its .*: it does not answer")],
)
def test_a_jump_host_that_hangs_is_named_in_the_error(gate: Sshd, sshd: Sshd, frozen: str, word: str) -> None:
    process = {"gate": gate, "sshd": sshd}[frozen].process
    process.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    try:
        refused(through(gate, sshd), word, Limits(connect=3.0))
    finally:
        process.send_signal(signal.SIGCONT)
    assert time.monotonic() - started < 12


def test_nothing_is_left_behind_also_where_a_configuration_shares_connections(
    gate: Sshd, sshd: Sshd, short: Path
) -> None:
    shared = ("ControlMaster auto", f"ControlPath {short}/shared-%C", "ControlPersist 300")
    with SshLink(through(gate, sshd, *shared), LIMITS, need_root=False) as link:
        assert link.run("true").rc == 0
        assert [path.name for path in short.glob("*/s1")] == ["s1"]
        own = (str(short), f"-p {gate.port}")
        assert len(processes_about(*own)) == 2
    wait_until_gone(*own)
    assert list(short.iterdir()) == []


def test_a_stopped_run_does_not_wait_for_a_jump_host(gate: Sshd, sshd: Sshd) -> None:
    gate.process.send_signal(signal.SIGSTOP)
    try:
        link = SshLink(through(gate, sshd), LIMITS, need_root=False)
        own = f"-p {gate.port}"

        def connect() -> None:
            with pytest.raises(NodeError, match="was stopped"), link:
                pass

        thread = threading.Thread(target=connect)
        thread.start()
        while not processes_about(own):
            assert thread.is_alive()
            time.sleep(0.02)
        link.stop()
        thread.join(timeout=10)
        assert not thread.is_alive()
        wait_until_gone(own)
    finally:
        gate.process.send_signal(signal.SIGCONT)


def test_a_jump_host_that_goes_away_in_mid_check_is_named(sshd: Sshd, tmp_path: Path) -> None:
    with running(tmp_path) as other, SshLink(through(other, sshd), LIMITS, need_root=False) as link:
        assert link.run("true").rc == 0
        other.process.send_signal(signal.SIGSTOP)  # no new connections, but no refusal either
        link.limits = Limits(connect=2.0)
        for session in other.sessions():
            os.kill(session, signal.SIGKILL)
        with pytest.raises(NodeError, match=r"its jump host .*: it does not answer .*was lost before"):
            link.run("true")
        other.process.send_signal(signal.SIGCONT)
    (tmp_path / "again").mkdir()
    with running(tmp_path / "again") as other, SshLink(through(other, sshd), LIMITS, need_root=False) as link:
        link.retry = False
        for session in other.sessions():
            os.kill(session, signal.SIGKILL)
        with pytest.raises(NodeError, match=r"was lost: its jump host .*: it ended the connection"):
            link.run("true")


def test_a_configuration_may_know_the_node_by_another_name(gate: Sshd, sshd: Sshd) -> None:
    lines = ("Host board", "HostName 127.0.0.1", f"Port {sshd.port}", "Host *")
    assert asked(through(gate, sshd, *lines, host="board", port=None)) == b"23\n"


def test_a_jump_host_that_a_configuration_names_is_used_and_never_prompts(gate: Sshd, sshd: Sshd) -> None:
    lines = ("Match host 127.0.0.1 exec false", "Host node", "HostName 127.0.0.1", "ProxyJump gate")
    lines += ("Host gate", "HostName 127.0.0.1", f"Port {gate.port}", "Host *")
    assert asked(through(gate, sshd, *lines, host="node", jump=None)) == b"23\n"
    started = time.monotonic()
    refused(
        through(gate, sshd, *lines, host="node", jump=None, knows=(sshd,)), "or a jump host that ssh's configuration"
    )
    assert time.monotonic() - started < 10
