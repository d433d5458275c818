"""Measures the evaluation in one run: many scenarios in one batch against one process for each.

    python benchmarks/evaluation.py [SCENARIOS]

Both evaluate the same scenarios of this repository's own subject with the stand-in, in turn; of the processes, only a
sample is run and scaled up. Prints the ratio of the medians with its target, and fails where the target is missed.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median

from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.nix.evaluate import evaluate
from rknn_validation.facts.nix.request import Request
from rknn_validation.subject.validation import load

ROOT = Path(__file__).resolve().parents[1]
SCENARIOS = 200
SAMPLE = 20
ROUNDS = 3
TARGET = 5


def requests(count: int) -> dict[str, Request]:
    """As many scenarios, no two alike: the subject's own, each with a variable of its own beside it."""
    validation = load(ROOT / "validation.yaml")
    own = list(validation.scenarios.values())
    assert validation.subject is not None
    found = {}
    for number in range(count):
        scenario = own[number % len(own)]
        config = {**scenario.config, "environment": {"variables": {"SCENARIO": str(number)}}}
        found[str(number)] = Request(validation.subject, scenario.settings, config, scenario.system)
    return found


def seconds(batches: list[dict[str, Request]]) -> float:
    """The time to evaluate the batches one after another; everything in them has to succeed."""
    deadline = Deadline.after(900, "the benchmark")
    started = time.monotonic()
    for batch in batches:
        for one in evaluate(batch, nixpkgs=None, deadline=deadline).values():
            assert one.error is None, one.error
    return time.monotonic() - started


def main() -> int:
    """Measure, print, judge."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else SCENARIOS
    wanted = requests(count)
    seconds([requests(1)])  # the files are in the page cache for both
    sample = dict(list(wanted.items())[: min(SAMPLE, count)])
    rounds = [(seconds([wanted]), seconds([{name: one} for name, one in sample.items()])) for _ in range(ROUNDS)]
    together = median(one for one, _ in rounds)
    apart = median(other for _, other in rounds) / len(sample) * count
    ratio = apart / together
    print(f"{count} scenarios in one batch: {together:.2f} s ({together / count * 1000:.1f} ms each)")
    print(f"{count} scenarios in {count} processes: {apart:.2f} s (scaled up from {len(sample)})")
    print(f"ratio: {ratio:.1f} (target: at least {TARGET})")
    return 0 if ratio >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
