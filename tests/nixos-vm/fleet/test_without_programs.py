"""Nodes that lack what the harness would like to find there: what cannot be asked is skipped with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sshboard import SshBoard
from test_broken_over_ssh import CHECKS, FAIL, LIMITS, LINK, SW, Expected, expected

from rknn_validation.checks.model import Answer, Status
from rknn_validation.checks.node import NodeUnderTest, ask
from rknn_validation.machine.standins import CLIENT
from rknn_validation.nodes.ssh import SshLink

__all__ = ["expected"]
pytestmark = pytest.mark.vm

PROGRAMS = (
    "library.login-shell-finds-runtime",
    "library.service-finds-runtime",
    "library.not-from-working-directory",
    "device.driver-answers",
)
"""Checks that start a program of the node's: the C client on an emulated board, Python on a real one."""
WITHOUT_CLIENT = f": >/run/nothing; mount --bind /run/nothing {CLIENT}"
WITH_CLIENT = f"umount {CLIENT}"
WITHOUT_PYTHON = (
    f"cp -a {SW}/bin /run/bin && rm -f /run/bin/python3* /run/bin/rknpu-query && mount --bind /run/bin {SW}/bin"
    " && mv /usr/bin/python3.11 /usr/bin/away && ! command -v python3"
)
WITH_PYTHON = f"mv /usr/bin/away /usr/bin/python3.11; umount {SW}/bin; rm -rf /run/bin"
# The interpreter is Debian's, and has to look like one of the store's.
OF_THE_STORE = f"mount --bind /usr/bin/python3.11 $(readlink -f {SW}/bin/python3)"
OF_DEBIAN = f"umount $(readlink -f {SW}/bin/python3)"
NO_PATH = "sed -i.bak /LD_LIBRARY_PATH/d $(readlink -f /etc/set-environment)"
A_PATH = "mv $(readlink -f /etc/set-environment).bak $(readlink -f /etc/set-environment)"


@contextmanager
def state(board: SshBoard, broken: str, mended: str) -> Iterator[None]:
    try:
        board.sh(broken)
        yield
    finally:
        board.machine.run(mended)


def answers(board: SshBoard, expected: Expected, *checks: str) -> dict[str, Answer]:
    with SshLink(board.node(), LIMITS) as link:
        question = NodeUnderTest(link.host(), expected(board.node()))
        return {check: ask(CHECKS[check], question) for check in checks}


def test_without_python_nothing_passes_that_was_not_asked(shared: SshBoard, expected: Expected) -> None:
    wanted = (*PROGRAMS, "device.ioctl-answers", "library.loaded-from-running-system")
    with state(shared, f"{WITHOUT_CLIENT}; {WITHOUT_PYTHON}", f"{WITH_CLIENT}; {WITH_PYTHON}"):
        found = answers(shared, expected, *wanted, "device.opens", "python.works-as-service-user")
    assert {check: found[check].status for check in wanted} == dict.fromkeys(wanted, Status.SKIP), found
    assert all("python3" in found[check].reason for check in wanted), found
    # What needs no program is asked as ever, and the Python that the configuration promised is missed.
    assert found["device.opens"].status is Status.PASS
    promised = found["python.works-as-service-user"]
    assert (promised.status, "no python3" in promised.reason) == (FAIL, True)


def test_python_stands_in_for_the_c_client(shared: SshBoard, expected: Expected) -> None:
    with state(shared, f"{WITHOUT_CLIENT}; {OF_THE_STORE}", f"{WITH_CLIENT}; {OF_DEBIAN}"):
        found = answers(shared, expected, *PROGRAMS)
        assert {check: one.status for check, one in found.items()} == dict.fromkeys(PROGRAMS, Status.PASS), found
        assert "/nix/store/" in found["library.login-shell-finds-runtime"].reason
        assert "driver version" in found["device.driver-answers"].reason
        with state(shared, f"rm /usr/lib/librknnrt.so; {NO_PATH}", f"{LINK}; {A_PATH}"):
            lost = answers(shared, expected, "library.login-shell-finds-runtime")["library.login-shell-finds-runtime"]
        assert (lost.status, "does not find" in lost.reason) == (FAIL, True), lost
