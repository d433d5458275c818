"""rknn-doctor and rknpu-query on emulated boards: working and broken stacks."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from bench import Bench

pytestmark = pytest.mark.vm

TOOLS = Path(__file__).parents[2] / "nixos/pkgs/rknn/diagnostics"


@pytest.fixture(scope="session")
def query(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """rknpu-query, compiled for the board."""
    built = tmp_path_factory.mktemp("query") / "rknpu-query"
    options = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-static"]
    subprocess.run(["aarch64-linux-gnu-gcc", *options, "-o", built, TOOLS / "rknpu-query.c"], check=True, timeout=60)
    return built.read_bytes()


def doctor(bench: Bench, query: bytes, before: str = "true") -> tuple[int, str]:
    """Exit status and output of the doctor, after something was done to the board."""
    for name, content in (("rknpu-query", query), ("rknn-doctor", (TOOLS / "rknn-doctor.sh").read_bytes())):
        bench.machine.run(f"mkdir -p /tmp/tools; cat >/tmp/tools/{name}; chmod +x /tmp/tools/{name}", stdin=content)
    bench.sh(before)
    done = bench.machine.run("PATH=/tmp/tools:$PATH bash /tmp/tools/rknn-doctor")
    assert done.stderr == b"", done.stderr.decode()
    return done.rc, done.stdout.decode()


def test_vendor_board(bench: Callable[[str], Bench], query: bytes) -> None:
    status, said = doctor(bench("vendor"), query)
    assert status == 0, said
    assert "rknpu is bound to fdab0000.npu" in said
    assert "ok    devnode: /dev/rknpu, root:render, mode 660" in said and "it can be opened" in said
    assert "the driver answers 0.9.8" in said and "hardware-version: 1179210309" in said
    assert "library: /usr/lib/librknnrt.so is /nix/store/" in said


def test_mainline_board(bench: Callable[[str], Bench], query: bytes) -> None:
    status, said = doctor(bench("mainline"), query)
    assert "rocket is bound to fdab0000.npu fdac0000.npu fdad0000.npu" in said
    assert "/dev/accel/accel0, root:render, mode 660" in said
    assert status == 0, said


def test_board_without_the_npu(bench: Callable[[str], Bench], query: bytes) -> None:
    status, said = doctor(bench("guarded"), query)
    assert (status, "is not an RK3588" in said) == (4, True), said


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("rmmod rknpu", "neither rknpu nor rocket is loaded"),
        ("chmod 0666 /dev/rknpu", "mode 666, open to all users"),
        ("rm /usr/lib/librknnrt.so", "only looks there"),
        ("rm /dev/rknpu; ln -s null /dev/rknpu", "is a link to null"),
    ],
)
def test_broken_vendor_board(bench: Callable[[str], Bench], query: bytes, before: str, words: str) -> None:
    status, said = doctor(bench("vendor"), query, before)
    assert (status, words in said) == (1, True), said
