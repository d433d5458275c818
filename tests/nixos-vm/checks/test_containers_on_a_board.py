"""Containers on an emulated board: the vendor's devnode, behind a real device cgroup, for a user and masked."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace

import pytest
from bench import Bench

from rknn_validation.checks.model import Answer, Status
from rknn_validation.checks.node import HARDWARE_CHECKS, ask

pytestmark = pytest.mark.vm

PROGRAM = "#include <unistd.h>\nint main(void) { return pause(); }\n"
BOX = """
mkdir -p /run/box/bin /run/box/usr/lib
cat >/run/box/bin/detector; chmod +x /run/box/bin/detector
cp -L /usr/lib/librknnrt.so /run/box/usr/lib/
"""
START = (
    "systemd-run --quiet --unit=frigate -p RootDirectory=/run/box -p MountAPIVFS=yes -p BindPaths=/dev/rknpu {} "
    "/bin/detector && until [ /proc/$(systemctl show -P MainPID frigate)/exe -ef /run/box/bin/detector ]; do :; done"
)
GIVEN = "-p DevicePolicy=closed -p 'DeviceAllow=/dev/rknpu rw'"


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A program that needs nothing else: a container need not have a shell."""
    built = tmp_path_factory.mktemp("detector") / "detector"
    command = ["aarch64-linux-gnu-gcc", "-static", "-O2", "-x", "c", "-o", built, "-"]
    subprocess.run(command, input=PROGRAM, text=True, check=True, timeout=60)
    return built.read_bytes()


@pytest.fixture
def board(bench: Callable[[str], Bench], program: bytes) -> Bench:
    """A vendor board with the files of a container."""
    made = bench("vendor")
    assert made.machine.run(BOX, stdin=program).rc == 0
    return made


def asked(board: Bench, check: str, *names: str) -> Answer:
    question = board.question()
    return ask(HARDWARE_CHECKS[check], replace(question, expectation=replace(question.expectation, containers=names)))


def test_a_container_with_the_device_passes_and_one_without_is_told(board: Bench) -> None:
    assert asked(board, "container.has-devnode").status is Status.SKIP
    board.sh(START.format(GIVEN))
    for check in HARDWARE_CHECKS.all():
        if check.stage == "container":
            answer = asked(board, check.id, "frigate")
            assert (answer.status, "container frigate:" in answer.reason) == (Status.PASS, True), answer
    board.sh("systemctl stop frigate")
    board.sh(START.format(f"{GIVEN} -p InaccessiblePaths=+/sys/firmware"))
    answer = asked(board, "container.device-tree-visible", "frigate")
    assert (answer.status, "its device tree is masked" in answer.reason) == (Status.FAIL, True), answer


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ("-p DevicePolicy=closed", "its device cgroup denies it (Operation not permitted)"),
        (f"{GIVEN} -p User=nobody", "its user may not (Permission denied)"),
    ],
)
def test_a_device_that_is_mounted_but_not_given_is_told(board: Bench, properties: str, words: str) -> None:
    board.sh(START.format(properties))
    assert asked(board, "container.has-devnode", "frigate").status is Status.PASS
    answer = asked(board, "container.may-open-devnode", "frigate")
    assert (answer.status, words in answer.reason) == (Status.FAIL, True), answer
