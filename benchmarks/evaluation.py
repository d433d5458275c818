"""200 scenarios in one batch against one process each, measured side by side in one run.

`python benchmarks/evaluation.py [--sample N]`: N of the 200 are evaluated in a process of their own (default 20) and
the time is scaled to 200; the ratio is what counts, seconds belong to the machine.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from rknn_validation.deadline import Deadline
from rknn_validation.nix.evaluate import Request, evaluate
from rknn_validation.subject import Subject

SCENARIOS = 200
MODULE = """\
{ config, lib, ... }:
let
  cfg = config.services.npu;
in
{
  options.services.npu = {
    enable = lib.mkEnableOption "the NPU";
    level = lib.mkOption {
      type = lib.types.int;
      default = 0;
    };
  };
  config = lib.mkIf cfg.enable {
    environment.etc."npu-level".text = toString cfg.level;
    services.udev.extraRules = ''SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="render", MODE="0660"'';
  };
}
"""


def seconds_for(requests: dict[str, Request]) -> float:
    """Wall time of one evaluation of `requests`; all of them must give a configuration."""
    started = time.perf_counter()
    results = evaluate(requests, nixpkgs=None, deadline=Deadline.after(600, "the benchmark"))
    taken = time.perf_counter() - started
    failed = [name for name, result in results.items() if result.configuration is None]
    if failed:
        raise SystemExit(f"{failed[0]} did not evaluate: {results[failed[0]].error}")
    return taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=20)
    sample = parser.parse_args().sample
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        (root / "module.nix").write_text(MODULE)
        subject = Subject(root, root / "module.nix", ("services", "npu"))
        requests = {str(level): Request(subject, {"enable": True, "level": level}) for level in range(SCENARIOS)}
        batched = seconds_for(requests)
        alone = sum(seconds_for({name: requests[name]}) for name in list(requests)[:sample]) * SCENARIOS / sample
    print(f"{SCENARIOS} scenarios, batched: {batched:.2f} s")
    print(f"{SCENARIOS} scenarios, a process each: {alone:.2f} s ({sample} measured, scaled)")
    print(f"ratio: {alone / batched:.1f}")


if __name__ == "__main__":
    main()
