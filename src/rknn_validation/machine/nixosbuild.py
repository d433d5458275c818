"""Builds the NixOS guest of a scenario: `nix build` of a flake's host with the scenario's settings added."""

from __future__ import annotations

import hashlib
import json
import shlex
from pathlib import Path

from rknn_validation.common.cache import Progress
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError, MachineError, MissingToolError
from rknn_validation.common.process import run, tool
from rknn_validation.machine.nixosguest import NixosGuest, read
from rknn_validation.subject.validation import GuestHost, Scenario, Subject

EXPRESSION = Path(__file__).parent / "nixos" / "build.nix"
NIX_HINT = "install Nix (https://nixos.org/download), or give a guest that is built already with --guest-image DIR"
BUILD_HINT = "run it by hand to see all of it; an aarch64 host is built on one, with a remote builder, or by emulation"
LINES = 15


def build(
    subject: Subject, scenario: Scenario, host: GuestHost, root: Path, deadline: Deadline, progress: Progress
) -> NixosGuest:
    """Build and read the guest; `root` is where the link goes that keeps Nix from collecting it.

    Raises MissingToolError without Nix, MachineError when Nix refuses, DeadlineExceeded.
    """
    try:
        program = tool("nix", NIX_HINT)
    except MissingToolError as missing:
        raise HarnessError(
            f"the NixOS guest of {host.host} cannot be built", expected="Nix", seen=missing.seen, hint=NIX_HINT
        ) from missing
    request = json.dumps(
        {
            "scenario": scenario.name,
            "option": list(subject.option),
            "settings": dict(scenario.settings),
            "config": dict(scenario.config),
        },
        sort_keys=True,
    )
    key = hashlib.sha256(f"{host.flake}\0{host.host}\0{request}".encode()).hexdigest()[:16]
    link = root / f"{host.host}-{scenario.name}-{key}"
    link.parent.mkdir(parents=True, exist_ok=True)
    command = [
        *(program, "--extra-experimental-features", "nix-command flakes"),
        *("build", "--impure", "--file", str(EXPRESSION), "--out-link", str(link)),
        *("--argstr", "flake", host.flake, "--argstr", "host", host.host, "--argstr", "request", request),
    ]
    progress(f"building the NixOS guest of {host.host} for scenario {scenario.name} with Nix")
    done = run(command, deadline=deadline)
    if done.returncode:
        said = "\n".join(line for line in done.stderr.strip().splitlines()[-LINES:])
        raise MachineError(
            f"the NixOS guest of {host.host} for scenario {scenario.name} could not be built",
            expected=f"exit status 0 of {shlex.join(command)}",
            seen=f"exit status {done.returncode}: {said or 'no message'}",
            hint=BUILD_HINT,
        )
    return read(link)
