"""The NixOS tests as Nix gives them: evaluated with the stand-in, for here is no nixpkgs to build them with."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from driver import DriverMachine, subtest

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.process import run, tool
from rknn_validation.facts.nix.command import ENVIRONMENT, STANDIN

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("udev", "library-path", "guard", "module-off")

_EXPRESSION = """\
{ root, standin, system }:
let
  inherit (import (standin + "/lib")) filter;
  at = path: outputs: outputs // { outPath = path; };
  nixpkgs = at standin ((import (standin + "/flake.nix")).outputs { self = nixpkgs; });
  flake = at root (
    (import (root + "/flake.nix")).outputs {
      self = flake;
      inherit nixpkgs;
    }
  );
  packages = flake.packages.${system};
  k3s =
    let
      one = packages.nixos-test-k3s;
      start = node: unit: toString one.nodes.${node}.systemd.services.${unit}.serviceConfig.ExecStart;
    in
    {
      script = one.testScript;
      system = one.nodes.agent.nixpkgs.pkgs.stdenv.hostPlatform.system;
      server = start "server" "k3s";
      agent = start "agent" "k3s";
      driver = start "agent" "rknn-node-driver";
      options = toString one.nodes.agent.virtualisation.qemu.options;
      plain = toString one.nodes.server.virtualisation.qemu.options;
    };
  test = one: {
    script = one.testScript;
    file = "${one.expectation}";
    expectation = one.expectation.text;
    deviceTree = one.deviceTree.buildCommand;
    features = one.requiredSystemFeatures;
    system = one.nodes.machine.nixpkgs.pkgs.stdenv.hostPlatform.system;
    options = one.nodes.machine.virtualisation.qemu.options;
    builds = map (package: {
      inherit (package) name buildPhase;
      src = toString package.src;
    }) (filter (package: package ? buildPhase) one.nodes.machine.environment.systemPackages);
    drivers = map (package: package.name) one.nodes.machine.boot.extraModulePackages;
  };
in
{
  inherit k3s;
  tests = builtins.mapAttrs (_: test) {
  udev = packages.nixos-test-udev;
  library-path = packages.nixos-test-library-path;
  guard = packages.nixos-test-guard;
  module-off = packages.nixos-test-module-off;
};
}
"""


@dataclass(frozen=True)
class NixosTest:
    """One test: its testScript, what the file that the script names says, and how its device tree is made."""

    name: str
    script: str
    file: str
    expectation: str
    device_tree: str
    more: dict[str, Any]

    @property
    def npu(self) -> str:
        """Whose NPU nodes the machine's device tree has."""
        return re.findall(r"--npu (\w+)", self.device_tree)[0]

    def make_device_tree(self, target: Path) -> None:
        """Run the derivation's own commands; `target` is its `$out`."""
        with tempfile.TemporaryDirectory() as programs:
            python = Path(programs, "python")
            python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
            python.chmod(0o755)
            path = f"{programs}:{os.environ['PATH']}"
            own = {"PATH": path, "PYTHONPATH": str(ROOT / "src"), "out": str(target)}
            subprocess.run(["bash", "-euc", self.device_tree], env={**os.environ, **own}, check=True, timeout=120)

    def execute(self, machine: DriverMachine, scratch: Path) -> None:
        """Run the testScript as the driver does, on `machine`; `scratch` gets the file that the script names."""
        file = scratch / Path(self.file).name
        file.write_text(self.expectation)
        assert self.script.count(self.file) == 1
        symbols = {"machine": machine, "subtest": subtest, "start_all": machine.start}
        exec(compile(self.script.replace(self.file, str(file)), "testScript", "exec"), symbols)


def _evaluated(system: str, root: Path, what: str) -> dict[str, Any]:
    program = tool("nix-instantiate", "run ./setup.sh")
    arguments = [("root", str(root)), ("standin", str(STANDIN)), ("system", system)]
    words = [word for name, value in arguments for word in ("--argstr", name, value)]
    command = [program, "--eval", "--strict", "--json", "--show-trace", "--store", "dummy://", *words]
    deadline = Deadline.after(120, "Nix to evaluate the NixOS tests")
    done = run([*command, "-A", what, "-E", _EXPRESSION], deadline=deadline, environment=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    data: dict[str, Any] = json.loads(done.stdout)
    return data


def k3s(system: str = "x86_64-linux") -> dict[str, str]:
    """The NixOS test of a cluster: its testScript, and what its machines start."""
    return _evaluated(system, ROOT, "k3s")


def evaluate(system: str = "x86_64-linux", root: Path = ROOT) -> dict[str, NixosTest]:
    """The flake's NixOS tests of one machine, for a driver that runs on `system`."""
    return {
        name: NixosTest(name, one["script"], one["file"], one["expectation"], one["deviceTree"], one)
        for name, one in _evaluated(system, root, "tests").items()
    }
