"""What can go wrong with a machine, and that each ends in a clear error, in bounded time, with nothing left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from rknn_validation.common.cache import Cache
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import DeadlineExceeded, HarnessError, MachineError, MissingToolError
from rknn_validation.common.files import allocated
from rknn_validation.common.workspace import sweep
from rknn_validation.machine.boot import MEMORY_FILE
from rknn_validation.machine.emulator import Emulator, Identity, Machine, Snapshot
from rknn_validation.machine.tree import File, Link, Tree
from rknn_validation.npu.boards import BOARDS

pytestmark = pytest.mark.vm

Restored = Callable[..., AbstractContextManager[Machine]]
SnapshotOf = Callable[..., Snapshot]
BARE = Identity(BOARDS["virt"], None)

HOLD = """
import sys, time
from pathlib import Path
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.cache import Cache
from rknn_validation.common.files import allocated
from rknn_validation.machine.emulator import Emulator, Identity
from rknn_validation.npu.boards import BOARDS

def say(line):
    print(line, file=sys.stderr, flush=True)

with Emulator(Cache(Path(sys.argv[1])), say) as emulator:
    snapshot = emulator.snapshot(Identity(BOARDS["virt"], None), None, Deadline.after(300, "a board"))
    with snapshot.restore(Deadline.after(60, "a clone")) as machine:
        print(machine.pid, flush=True)
        machine.run("sleep 600", deadline=Deadline.after(600, "the test"))
"""


def gone(pid: int, within: float = 10) -> bool:
    """Whether a process has ended, or does so soon."""
    deadline = Deadline.after(within, f"process {pid} to end")
    while running(pid):
        try:
            deadline.remaining()
        except DeadlineExceeded:
            return False
        time.sleep(0.02)
    return True


def running(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def later(seconds: float, action: Callable[[], object]) -> threading.Timer:
    timer = threading.Timer(seconds, action)
    timer.start()
    return timer


def test_qemu_killed_in_the_middle_of_a_command(restored: Restored) -> None:
    with restored("virt") as machine:
        later(1, machine.kill)
        started = time.monotonic()
        with pytest.raises(MachineError) as caught:
            machine.run("sleep 300", deadline=Deadline.after(300, "a long command"))
        assert time.monotonic() - started < 5
        assert "died while running `sleep 300`" in caught.value.message
        assert "status -9" in caught.value.seen
        assert not machine.alive
        with pytest.raises(MachineError):
            machine.run("true")


def test_a_kernel_panic_is_told_from_other_ends(restored: Restored) -> None:
    with restored("virt") as machine:
        started = time.monotonic()
        with pytest.raises(MachineError) as caught:
            machine.run("echo c >/proc/sysrq-trigger; sleep 300", deadline=Deadline.after(300, "a panic"))
        assert time.monotonic() - started < 10
        assert "its kernel panicked" in caught.value.seen
        assert "Kernel panic - not syncing: sysrq triggered crash" in caught.value.seen
        assert not machine.alive


def test_a_guest_that_switches_itself_off(restored: Restored) -> None:
    """No reboot into a fresh machine that would be taken for the old one."""
    with restored("virt") as machine, pytest.raises(MachineError, match="died"):
        machine.run("echo b >/proc/sysrq-trigger; sleep 300", deadline=Deadline.after(60, "a reset"))


def test_a_guest_that_hangs(restored: Restored) -> None:
    """Frozen altogether: the host's deadline ends the wait, and the context ends the machine."""
    with restored("virt") as machine:
        pid = machine.pid
        os.kill(pid, signal.SIGSTOP)
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded) as caught:
            machine.run("true", deadline=Deadline.after(1, "a frozen machine"))
        assert time.monotonic() - started < 10
        assert "no longer answers" in caught.value.seen
    assert gone(pid)


def test_a_missing_qemu_is_reported(
    emulator: Emulator, snapshot_of: SnapshotOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = snapshot_of("virt", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match="qemu-system-aarch64 is missing") as caught:
        emulator.snapshot(BARE, None, Deadline.after(20, "a board"))
    assert caught.value.hint
    with pytest.raises(MissingToolError), snapshot.restore(Deadline.after(20, "a clone")):
        pass


@pytest.fixture
def others_cache(emulator: Emulator, tmp_path: Path) -> Iterator[Cache]:
    """A cache of its own that has the image already, but no snapshots."""
    image = emulator.image(Deadline.after(600, "the image"))
    root = tmp_path / "cache"
    root.mkdir()
    for entry in (image.directory, image.simulated):
        subprocess.run(["cp", "-a", "--reflink=auto", entry, root], check=True, timeout=60)
    cache = Cache(root)
    yield cache
    cache.close()


def boot(cache: Cache, tree: Tree | None = None, seconds: float = 120) -> list[str]:
    """Boot the bare board with a cache of its own; what was said meanwhile."""
    said: list[str] = []
    with Emulator(cache, said.append) as emulator:
        emulator.snapshot(BARE, tree, Deadline.after(seconds, "a boot"))
    return said


def snapshots(cache: Cache) -> list[Path]:
    return [path for path in cache.root.rglob("*") if path.name == MEMORY_FILE]


def test_a_board_that_panics_at_boot(others_cache: Cache) -> None:
    """The reason is in the error, the whole console in a file, and no snapshot is left."""
    started = time.monotonic()
    with pytest.raises(MachineError) as caught:
        boot(others_cache, {"/usr/share": Link("/nowhere")})
    assert time.monotonic() - started < 60
    assert "cannot replace directory /usr/share" in caught.value.seen
    kept = Path(caught.value.hint.rpartition("the whole console: ")[2])
    assert "Kernel panic" in kept.read_text()
    assert snapshots(others_cache) == []


def test_a_board_that_never_settles(others_cache: Cache) -> None:
    unit = b"[Service]\nType=oneshot\nTimeoutStartSec=infinity\nExecStart=/bin/sleep infinity\n"
    tree: Tree = {
        "/etc/systemd/system/stuck.service": File(unit),
        "/etc/systemd/system/multi-user.target.wants/stuck.service": Link("../stuck.service"),
    }
    with pytest.raises(DeadlineExceeded) as caught:
        boot(others_cache, tree, seconds=40)
    assert "virt to boot" in caught.value.message
    assert "stuck.service" in caught.value.seen
    assert snapshots(others_cache) == []


def test_a_damaged_snapshot_is_made_again(others_cache: Cache) -> None:
    assert any(line.startswith("booting") for line in boot(others_cache))
    assert not any(line.startswith("booting") for line in boot(others_cache))
    (memory,) = snapshots(others_cache)
    with memory.open("r+b") as file:
        file.truncate(file.seek(0, os.SEEK_END) // 2)
    said = boot(others_cache)
    assert any("damaged" in line for line in said)
    assert any(line.startswith("booting") for line in said)
    assert not any(line.startswith("booting") for line in boot(others_cache))


def start(cache: Path, *wrapper: str) -> subprocess.Popen[str]:
    """Another run, in a process of its own, that prints the pid of its QEMU and waits."""
    command = [*wrapper, sys.executable, "-c", HOLD, str(cache)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def qemu_of(run: subprocess.Popen[str]) -> int:
    assert run.stdout is not None
    assert run.stderr is not None
    line = run.stdout.readline()
    assert line, run.stderr.read()
    return int(line)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_qemu_outlives_its_run(emulator: Emulator, snapshot_of: SnapshotOf, end: signal.Signals) -> None:
    """Whether the run is interrupted, asked to end, or shot."""
    snapshot_of("virt", None)
    run = start(emulator.cache.root)
    try:
        pid = qemu_of(run)
        assert running(pid)
        run.send_signal(end)
        run.communicate(timeout=20)
        assert gone(pid)
        sweep()
        assert not list(Path(tempfile.gettempdir()).glob(f"rknn-validation-{run.pid}-*"))
    finally:
        run.kill()


def test_without_a_network_the_cache_is_enough(emulator: Emulator, snapshot_of: SnapshotOf) -> None:
    snapshot_of("virt", None)
    run = start(emulator.cache.root, *cut_off())
    try:
        assert running(qemu_of(run))
    finally:
        run.kill()
        run.communicate(timeout=20)


def test_without_a_network_the_first_run_says_what_it_needs(tmp_path: Path) -> None:
    started = time.monotonic()
    run = start(tmp_path / "cache", *cut_off())
    _, errors = run.communicate(timeout=120)
    assert run.returncode != 0
    assert time.monotonic() - started < 90
    assert "for the emulated board could not be fetched" in errors
    assert "hint: the first run fetches what the board is made of" in errors
    assert not list((tmp_path / "cache" / "building").iterdir())


def cut_off() -> tuple[str, ...]:
    """A command prefix that takes the network away."""
    prefix = ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--net")
    if subprocess.run([*prefix, "true"], capture_output=True, timeout=10).returncode:
        pytest.skip("this kernel lets nobody make a network namespace")
    return prefix


def test_two_runs_at_once_boot_a_board_once(others_cache: Cache) -> None:
    runs = [start(others_cache.root) for _ in range(2)]
    try:
        pids = [qemu_of(run) for run in runs]
        assert len(set(pids)) == 2
        for run in runs:
            run.send_signal(signal.SIGINT)
        said = "".join(run.communicate(timeout=30)[1] for run in runs)
        assert said.count("booting virt") == 1
        assert all(gone(pid) for pid in pids)
    finally:
        for run in runs:
            run.kill()


def test_disk_full_while_a_snapshot_is_saved(
    others_cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says how much is needed, nothing half-written stays, and no machine runs on."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small file system")
    monkeypatch.setattr("rknn_validation.common.cache._require_space", lambda root, wanted: None)
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", disk], check=True, timeout=10)
    try:
        subprocess.run(["cp", "-a", f"{others_cache.root}/.", disk], check=True, timeout=60)
        size = allocated(disk) + 40 * 1024**2
        subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True, timeout=10)
        with pytest.raises(HarnessError, match="no space left for a booted virt") as caught:
            boot(Cache(disk))
        assert "512 MiB free below" in caught.value.expected
        assert not list((disk / "building").iterdir())
        assert snapshots(Cache(disk)) == []
    finally:
        subprocess.run(["umount", disk], check=True, timeout=10)
