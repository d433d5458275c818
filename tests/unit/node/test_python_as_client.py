"""Python instead of the C client: when it is used, and that it prints the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from fakehost import FakeHost, Reply
from test_hardware_checks import question

from rknn_validation.checks.model import Status
from rknn_validation.checks.node import NODE_CHECKS, NodeUnderTest, ask
from rknn_validation.checks.node.client import CLIENTS, PYTHON, program
from rknn_validation.checks.node.library import loaded_path
from rknn_validation.checks.node.registry import Ran

pytestmark = pytest.mark.integration

STORE = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-python3-3.12.11/bin/python3.12"


@pytest.mark.parametrize(
    ("replies", "words"),
    [
        ({"test -x": "", "proc/self/exe": STORE}, (CLIENTS[0],)),
        ({"proc/self/exe": f"{STORE}\n"}, (STORE, "-I", "-c", PYTHON)),
        ({"proc/self/exe": "/usr/bin/python3.11\n"}, None),  # its loader looks where no program of NixOS does
        ({}, None),
    ],
    ids=["C client", "Python of the store", "another Python", "nothing"],
)
def test_the_client_that_is_started(replies: Mapping[str, Reply], words: tuple[str, ...] | None) -> None:
    host: Any = FakeHost(replies)
    assert program(NodeUnderTest(host, question("vendor").expectation)) == words


@pytest.mark.parametrize(
    ("stack", "check"),
    [
        ("vendor", "library.login-shell-finds-runtime"),
        ("vendor", "library.service-finds-runtime"),
        ("vendor", "library.not-from-working-directory"),
        ("vendor", "device.driver-answers"),
        ("mainline", "library.teflon-loads"),
    ],
)
def test_without_either_a_check_is_skipped_with_the_reason(stack: str, check: str) -> None:
    answer = ask(NODE_CHECKS[check], question(stack, {"proc/self/exe": (127, "", "python3: not found")}))
    assert (answer.status, "python3 of the store" in answer.reason) == (Status.SKIP, True), answer


def run(*words: str) -> Ran:
    done = subprocess.run([sys.executable, "-I", "-c", PYTHON, *words], capture_output=True, text=True, check=False)
    return Ran("python3", done.returncode, done.stdout, done.stderr)


def test_it_prints_what_the_c_client_prints() -> None:
    found = loaded_path(run("load", "libc.so.6"))
    assert found is not None and found.startswith("/") and "libc" in found
    missing = run("load", "librknnrt-of-nobody.so")
    assert (missing.rc, loaded_path(missing)) == (1, None)
    assert "cannot open shared object file" in missing.stderr
    assert run("open", "/dev/null").lines == ["opened /dev/null (1:3)", "ioctl ACTION: Inappropriate ioctl for device"]
    gone = run("open", "/dev/not-there")
    assert (gone.rc, "No such file" in gone.stderr) == (1, True)


def test_the_program_contains_no_characters_that_shells_or_systemd_expand() -> None:
    assert not {"$", "%", "'"} & set(PYTHON)
