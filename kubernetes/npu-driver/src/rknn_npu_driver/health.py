"""What the node offers now: its NPU, whether that is healthy, and who is told of changes.

A probe that fails once says little and a device that flaps moves pods about, so health changes only after several
equal answers in a row, in both directions: what recovers is offered again.
"""

from __future__ import annotations

import errno
import logging
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rknn_npu_driver.npu import Npu, Roots, discover, opened

LOG = logging.getLogger(__name__)
IN_A_ROW = 2
"""Equal answers before health changes."""


@dataclass(frozen=True)
class Offered:
    """A device as the node offers it. `name` is a DNS label; `problem` says why it is unhealthy, "" where it is not.

    `since` is when health last changed, in seconds since 1970.
    """

    name: str
    npu: Npu
    problem: str = ""
    since: float = 0.0

    @property
    def healthy(self) -> bool:
        """Whether a pod may be given it."""
        return not self.problem


Probe = Callable[[Npu], str]
"""Says what is wrong with an NPU, "" for nothing."""


class Opens:
    """A probe that opens the devnode clients open. `blocked`: this process may not, and so nothing is known.

    The device cgroup of an unprivileged container answers EPERM for every device; permissions would answer EACCES.
    """

    def __init__(self, roots: Roots) -> None:
        self.blocked = False
        self._roots = roots

    def __call__(self, npu: Npu) -> str:
        """What is wrong with an NPU, "" for nothing and for not knowing."""
        problem = opened(npu.nodes[0], self._roots)
        blocked = problem is not None and problem.errno == errno.EPERM
        if blocked and not self.blocked:
            LOG.warning("%s: this container may open no devices; only its presence is watched", npu.nodes[0].path)
        self.blocked = blocked
        return f"{npu.nodes[0].path} cannot be opened: {problem.strerror}" if problem and not blocked else ""


def runs(command: Sequence[str], seconds: float) -> Probe:
    """A probe that runs a program, the golden model's for one: exit status 0 is healthy, its last line the reason."""

    def probe(npu: Npu) -> str:
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return f"{command[0]} did not end within {seconds:g} s"
        except OSError as problem:
            return f"{command[0]} cannot be run: {problem.strerror}"
        lines = (done.stdout + done.stderr).strip().splitlines() or ["it said nothing"]
        return "" if done.returncode == 0 else f"{command[0]} ended with status {done.returncode}: {lines[-1][:300]}"

    return probe


class Scheduled:
    """A probe that costs something, a model's, on a schedule: seldom while it is good, at every look while it is not.

    `last` is its last answer, None before the first and after `again`.
    """

    def __init__(self, probe: Probe, seconds: float) -> None:
        self.last: str | None = None
        self._probe = probe
        self._seconds = seconds
        self._due = 0.0

    def __call__(self, npu: Npu) -> str:
        """What is wrong, as of the last run; it runs now where that is due."""
        if self.last is None or time.monotonic() >= self._due:
            before, self.last = self.last, self._probe(npu)
            # A bad run has to be confirmed, and so has the first good one after it.
            self._due = time.monotonic() + (0 if self.last or before else self._seconds)
        return self.last

    def again(self) -> None:
        """Run at the next look: what was seen before says nothing any more."""
        self.last = None


class Inventory:
    """The devices of this node, and a condition that is notified when they change."""

    def __init__(self, roots: Roots, probe: Probe, replicas: int = 1) -> None:
        self.changed = threading.Condition()
        self.changes = 0
        self._roots = roots
        self._probe = probe
        self._replicas = replicas
        self._offered: tuple[Offered, ...] = ()
        self._answers: list[str] = []

    @property
    def offered(self) -> tuple[Offered, ...]:
        """What is offered now, healthy or not."""
        with self.changed:
            return self._offered

    def find(self, name: str) -> Offered | None:
        """A device by its name."""
        return next((one for one in self.offered if one.name == name), None)

    def look(self) -> None:
        """Look at the machine once; a device that was there stays, unhealthy, when its devnode goes."""
        found = discover(self._roots)
        before = self.offered
        npu = found[0] if found else (before[0].npu if before else None)
        if npu is None:
            return
        answer = self._probe(npu) if found else f"{npu.nodes[0].path} is gone: no driver offers the NPU"
        if not before or not found:
            self._answers = [answer] * IN_A_ROW  # the first answer counts, and so does a device that is gone
        else:
            self._answers = [*self._answers[-IN_A_ROW + 1 :], answer]
        problem = before[0].problem if before else ""
        if all(self._answers):
            problem = answer
        elif not any(self._answers):
            problem = ""
        self._set(npu, problem)

    def watch(self, interval: float, stop: threading.Event) -> None:
        """Look again and again until `stop` is set."""
        while not stop.wait(interval):
            try:
                self.look()
            except Exception:
                LOG.exception("looking for the NPU broke")

    def _set(self, npu: Npu, problem: str) -> None:
        names = [npu.name] if self._replicas == 1 else [f"{npu.name}-{number}" for number in range(self._replicas)]
        with self.changed:
            flips = not self._offered or bool(self._offered[0].problem) != bool(problem)
            since = time.time() if flips else self._offered[0].since
            offered = tuple(Offered(name, npu, problem, since) for name in names)
            if offered == self._offered:
                return
            if flips:
                LOG.log(
                    logging.WARNING if problem else logging.INFO,
                    "%s (%s): %s",
                    npu.name,
                    npu.nodes[0].path,
                    problem or "healthy",
                )
            self._offered = offered
            self.changes += 1
            self.changed.notify_all()
