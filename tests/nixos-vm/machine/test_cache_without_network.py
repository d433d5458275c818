"""A cache that reached its limit still serves a run without network: downloads outlive what can be made again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rknn_validation.common.cache import Cache, EntryKind, Wanted
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.files import allocated
from rknn_validation.machine import image
from rknn_validation.machine.emulator import Emulator

pytestmark = pytest.mark.vm

MEGA = 1024**2
RUN = """
import socket, sys
from pathlib import Path
from rknn_validation.common.cache import Cache
from rknn_validation.common.deadline import Deadline
from rknn_validation.machine.emulator import Emulator, Identity
from rknn_validation.npu.boards import BOARDS

try:
    socket.create_connection(("192.0.2.1", 80), 1)
except OSError as refused:
    print(f"network: {refused.strerror}")
with Emulator(Cache(Path(sys.argv[1]), int(sys.argv[2])), print) as emulator:
    snapshot = emulator.snapshot(Identity(BOARDS["virt"], None), None, Deadline.after(600, "a board"))
    with snapshot.restore(Deadline.after(60, "a clone")) as machine:
        print(machine.run("echo a board without network").stdout.decode())
"""


@pytest.fixture
def cut_off() -> list[str]:
    """A command's prefix that takes the network from it."""
    prefix = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    done = subprocess.run([*prefix, "true"], capture_output=True, text=True, timeout=10, check=False)
    if done.returncode:
        pytest.skip(f"no network namespace can be made here: {done.stderr.strip()}")
    return prefix


@pytest.fixture
def full_cache(emulator: Emulator, tmp_path: Path) -> Cache:
    """Downloads that were unused for longest, and snapshots up to the limit."""
    deadline = Deadline.after(400, "the board's packages")
    packages = image.fetched(emulator.cache, deadline, emulator.progress)
    root = tmp_path / "cache"
    shutil.copytree(packages, root / packages.name, copy_function=shutil.copy)
    cache = Cache(root, allocated(packages) + 8 * MEGA)
    (root / "locks").mkdir()
    (root / "locks" / f"{packages.name}.use").touch()
    os.utime(root / "locks" / f"{packages.name}.use", (time.time() - 9e6,) * 2)
    for number in range(8):
        one = Wanted("snapshot", f"{number}" * 40, "a booted board", 0, EntryKind.SNAPSHOTS)
        cache.entry(
            one, lambda target: target.joinpath("memory").write_bytes(os.urandom(MEGA)) and None, deadline, print
        )
    cache.close()
    return cache


def test_a_full_cache_serves_a_run_without_network(full_cache: Cache, cut_off: list[str]) -> None:
    command = [*cut_off, sys.executable, "-c", RUN, str(full_cache.root), str(full_cache.limit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "network: Network is unreachable" in done.stdout
    assert "building the board's image" in done.stdout and "fetching" not in done.stdout
    assert "a board without network" in done.stdout
    left = [entry.what for entry in full_cache.entries()]
    assert image.PACKAGES.what in left
    assert "a booted board" not in left
