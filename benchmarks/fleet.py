"""Measures a hundred nodes in one run against one: time, connections at once, and memory.

    python benchmarks/fleet.py [NODES]

The nodes are entries that lead to one OpenSSH server on this machine, which pays for both ends of every connection: a
fleet of real nodes is asked faster. Prints one line per measurement with its target, and fails where one is missed.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from localsshd import Sshd, running  # noqa: E402

from rknn_validation.checks.model import Answer, Check, passed  # noqa: E402
from rknn_validation.checks.node import Expectation, NodeUnderTest  # noqa: E402
from rknn_validation.checks.node.fleet import AT_ONCE, Fleet, NodePlan  # noqa: E402
from rknn_validation.nodes.ssh import Limits, SshLink  # noqa: E402
from rknn_validation.npu.boards import BOARDS  # noqa: E402
from rknn_validation.subject.validation import Scenario  # noqa: E402

NODES = 100
SECONDS = 1.0
"""What a node's one question takes on the node itself."""
LIMITS = Limits(connect=120.0, command=120.0, total=600.0)
MEGA = 1024


def wait(question: NodeUnderTest) -> Answer:
    """A question that takes its time on the node, not here."""
    assert question.run("sleep %s", str(SECONDS)).rc == 0
    return passed("waited")


CHECK = Check("benchmark.wait", "device", "?", "-", wait, frozenset({"vendor"}))


def expectation() -> Expectation:
    """Of no interest to the question."""
    scenario = Scenario("vendor", "vendor", {}, ("orangepi-5-plus",))
    return Expectation(scenario, BOARDS["orangepi-5-plus"], None, None, guarded=False)  # type: ignore[arg-type]


class Connections:
    """How many there are, and the most there ever were."""

    def __init__(self, sshd: Sshd) -> None:
        self.sshd = sshd
        self.now = self.most = 0
        self._lock = threading.Lock()

    def plan(self, name: str) -> NodePlan:
        """A node that is counted while it is connected."""

        @contextmanager
        def connect() -> Iterator[SshLink]:
            with self._lock:
                self.now += 1
                self.most = max(self.most, self.now)
            try:
                with SshLink(self.sshd.node(name), LIMITS, need_root=False) as link:
                    yield link
            finally:
                with self._lock:
                    self.now -= 1

        return NodePlan(name, connect, expectation, [CHECK])


def ask(connections: Connections, count: int) -> float:
    """Seconds until `count` nodes have answered."""
    plans = [connections.plan(f"node{number:03}") for number in range(count)]
    started = time.monotonic()
    with Fleet(plans) as fleet:
        for plan in plans:
            answer = fleet.answer(plan.name, CHECK.id, lambda line: None).answer
            assert answer == passed("waited"), answer
    return time.monotonic() - started


def main() -> int:
    """Measure and compare."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else NODES
    with tempfile.TemporaryDirectory() as directory, running(Path(directory), "MaxStartups 500") as sshd:
        connections = Connections(sshd)
        one = ask(connections, 1)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGA
        many = ask(connections, count)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGA - before
    rows = [
        ("one node", one, "s", 10.0),
        (f"{count} nodes, in times of one", many / one, "x", count / 4),
        ("connections at once", float(connections.most), "", float(AT_ONCE)),
        ("memory the run grew by", grown, "MB", 100.0),
    ]
    for name, value, unit, target in rows:
        print(f"{name:<32}{value:8.1f} {unit:<3} target {target:g} {'' if value <= target else 'MISSED'}")
    return 0 if all(value <= target for _, value, _, target in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
