"""Measures emulated boards in one run: a cold boot, restores to the first command, and the memory of clones.

    python benchmarks/machine.py

Prints one line per measurement with its target, and fails where a target is missed. The targets are ratios or
generous times, for machines differ; the cold boot is a real one each time (its tree carries a nonce).
"""

from __future__ import annotations

import secrets
import statistics
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from rknn_validation.common.cache import Cache
from rknn_validation.common.deadline import Deadline
from rknn_validation.machine.emulator import Emulator, Identity, Snapshot
from rknn_validation.machine.tree import File
from rknn_validation.npu.boards import BOARDS

RESTORES = 7
CLONES = 3
MEGA = 1024**2


def soon() -> Deadline:
    """Enough for anything measured here."""
    return Deadline.after(600, "the benchmark")


def cold_boot(emulator: Emulator) -> tuple[Snapshot, float]:
    """A board that was never booted before, and the seconds until it had settled and was saved."""
    tree = {"/etc/benchmark": File(secrets.token_bytes(16))}
    started = time.monotonic()
    snapshot = emulator.snapshot(Identity(BOARDS["orangepi-5-plus"], None), tree, soon())
    return snapshot, time.monotonic() - started


def restore(snapshot: Snapshot) -> float:
    """Seconds from nothing to the answer of the first command."""
    started = time.monotonic()
    with snapshot.restore(soon()) as machine:
        assert machine.run("echo ready").stdout == b"ready\n"
        return time.monotonic() - started


def memory(snapshot: Snapshot) -> int:
    """Bytes (PSS) of three clones at once, each having run Python with numpy."""
    with ExitStack() as stack:
        machines = [stack.enter_context(snapshot.restore(soon())) for _ in range(CLONES)]
        for machine in machines:
            assert machine.run("python3 -c 'import numpy'", deadline=soon()).rc == 0
        return sum(proportional(machine.pid) for machine in machines)


def proportional(pid: int) -> int:
    """A process's proportional share of memory, in bytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def main() -> int:
    """Measure, print, and say by the exit status whether all targets were met."""
    with Emulator(Cache(), lambda line: print(f"  {line}", file=sys.stderr)) as emulator:
        emulator.image(soon())
        snapshot, cold = cold_boot(emulator)
        restores = [restore(snapshot) for _ in range(RESTORES)]
        used = memory(snapshot)
    warm = statistics.median(restores)
    results = [
        ("cold boot to settled and saved", f"{cold:.1f} s", "at most 20 s", cold <= 20),
        ("restore to first command (median)", f"{warm:.2f} s", "under 1 s", warm < 1),
        ("cold boot / restore", f"{cold / warm:.0f}x", "at least 15x", cold / warm >= 15),
        (f"memory of {CLONES} clones (PSS)", f"{used // MEGA} MiB", "under 1024 MiB", used < 1024 * MEGA),
    ]
    for what, seen, target, met in results:
        print(f"{what:36} {seen:>10}   {target:16} {'met' if met else 'MISSED'}")
    return 0 if all(met for *_, met in results) else 1


if __name__ == "__main__":
    sys.exit(main())
