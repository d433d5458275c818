"""Measures the evaluation of a fleet in one run: time and memory for 1, 16 and 200 hosts of one flake.

    python benchmarks/hosts.py [HOSTS]

The hosts are evaluated with the stand-in, as `--flake` does it. Prints the time a host takes against that of one host
alone, and the largest process; fails where a host of many takes longer than one alone, or memory grows with the fleet.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.gather import Evaluator
from rknn_validation.facts.hosts import FactsOnDisk, evaluate_hosts, hosts_of
from rknn_validation.subject.validation import Validation

HOSTS = 200
ROUNDS = 3
GROWTH = 3.0
"""The most that the largest process of many hosts may be, against that of one."""

FLEET = """
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
  outputs = { self, nixpkgs }: {
    nixosConfigurations = nixpkgs.lib.genAttrs (map (n: "node${toString n}") (nixpkgs.lib.range 1 HOSTS)) (
      name:
      nixpkgs.lib.nixosSystem {
        modules = [
          {
            networking.hostName = name;
            nixpkgs.hostPlatform = "aarch64-linux";
            hardware.deviceTree.name = "rockchip/rk3588-rock-5b.dtb";
            boot.kernelModules = [ "rocket" ];
            services.openssh.enable = true;
          }
        ];
      }
    );
  };
}
"""


def seconds(folder: Path, count: int) -> float:
    """The time to evaluate as many hosts; every one has to succeed."""
    evaluator = Evaluator(None, Deadline.after(1200, "the benchmark"), offline=True)
    hosts = dict(list(hosts_of(str(folder), folder, evaluator).items())[:count])
    with tempfile.TemporaryDirectory() as place:
        shelf = FactsOnDisk(Path(place))
        started = time.monotonic()
        evaluate_hosts(Validation(folder, None, {}, {}, hosts=hosts), evaluator, shelf, lambda _: None)
        took = time.monotonic() - started
        assert all(shelf[name].evaluation.error is None for name in hosts)
    return took


def largest() -> float:
    """The largest process of Nix so far, in MB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> int:
    """Measure, print, judge."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else HOSTS
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "flake.nix").write_text(FLEET.replace("HOSTS", str(most)))
        one = min(seconds(folder, 1) for _ in range(ROUNDS))
        alone = largest()
        print(f"1 host: {one:.2f} s, {alone:.0f} MB")
        right = True
        for count in (16, most):
            took = seconds(folder, count)
            ratio, growth = took / count / one, largest() / alone
            print(f"{count} hosts: {took:.1f} s, {ratio:.2f} of one host's time each; memory {growth:.1f} x")
            right = right and ratio <= 1.0 and growth <= GROWTH
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
