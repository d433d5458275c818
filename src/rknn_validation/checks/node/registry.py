"""The registries of node checks, the node that a check is asked of, and how it is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from testinfra.host import Host

from rknn_validation.checks.model import CHECK_BROKE, Answer, Check, Evidence, Registry, failed, inconclusive, skipped
from rknn_validation.common.errors import HarnessError
from rknn_validation.facts.nix.configuration import Configuration
from rknn_validation.npu.boards import Board
from rknn_validation.npu.stacks import Stack
from rknn_validation.subject.inference import Inference
from rknn_validation.subject.validation import Scenario

STAGES = (
    "units", "identity", "kernel", "driver", "power", "device", "access", "udev", "library", "python", "inference",
    "container", "guard", "disabled", "transition",
)  # fmt: skip
"""Stages from cause to effect."""

DISTURBING = frozenset({"udev.survives-replug", "udev.restores-access", "udev.rule-applies"})
"""Checks that change the node for a moment: ask them last, or on a machine of their own."""


ON_EMULATED_NPU = {"mainline": ("inference.golden-output",)}
"""Checks that need an NPU which computes, by the stacks whose emulated boards have one."""

LINES = 40

_EXISTING = 'for path in PATHS; do if [ -e "$path" ] || [ -L "$path" ]; then ls -ld "$path"; fi; done'
_MATCHING = (
    # Files only: a dangling link (Debian's modules-load.d has one) cannot be read.
    'set --; for path in DIRECTORIES; do if [ -e "$path" ]; then set -- "$@" "$path"; fi; done; '
    'if [ $# -gt 0 ]; then set -- $(find -L "$@" -type f); fi; if [ $# -gt 0 ]; then grep -HnE %s "$@"; fi'
)


@dataclass(frozen=True)
class Expectation:
    """What the node was given, and what it should be.

    `stack` is what the scenario is meant to bring up, None for none. `guarded`: the board is not an RK3588, or the
    configuration was told so, and the node must be left unharmed. `service_user` is who uses the NPU there, "" where
    nobody was named; `inference` the model to run; `nixpkgs` what evaluated the configuration ("stand-in", or nixpkgs
    and its version), for the stand-in knows no kernel's real version. `whole`: the configuration is a whole machine's,
    of which only what has to do with the NPU is judged. `soak_seconds` is how long a soak lasts,
    `containers` are those to look into, all that map an NPU where none is named.
    """

    scenario: Scenario
    board: Board
    configuration: Configuration
    stack: Stack | None
    guarded: bool
    service_user: str = ""
    inference: Inference | None = None
    nixpkgs: str = "stand-in"
    whole: bool = False
    soak_seconds: float = 0.0
    containers: tuple[str, ...] = ()

    @property
    def brought_up(self) -> Stack:
        """The stack, for checks that are only asked where there is one."""
        if self.stack is None:
            raise HarnessError(f"{self.scenario.name} brings up no stack", expected="a check that does not need one")
        return self.stack


@dataclass(frozen=True)
class Ran:
    """A command that ran on the node, and what it gave."""

    command: str
    rc: int
    stdout: str
    stderr: str

    @property
    def evidence(self) -> Evidence:
        """The command with its output and exit status, shortened to what fits a report."""
        text = "\n".join(part for part in (self.stdout.rstrip(), self.stderr.rstrip()) if part)
        lines = text.splitlines()
        if len(lines) > LINES:
            lines = [*lines[: LINES // 2], f"... {len(lines) - LINES} lines ...", *lines[-LINES // 2 :]]
        return Evidence(self.command, "\n".join((*lines, f"(exit status {self.rc})")))

    @property
    def lines(self) -> list[str]:
        """The non-empty lines of standard output."""
        return [line for line in self.stdout.splitlines() if line.strip()]


@dataclass(frozen=True)
class NodeUnderTest:
    """A node, and the expectation it is compared with. Commands use only standard tools of the node."""

    host: Host
    expectation: Expectation

    def run(self, command: str, *args: str) -> Ran:
        """Run a command as root; `%s` in it are filled with the quoted `args`.

        Raises HarnessError where the node cannot be asked.
        """
        result = self.host.run(command, *args)
        text = result.command.decode() if isinstance(result.command, bytes) else str(result.command)
        return Ran(re.sub(r"\s*\n\s*", "; ", text.strip()), result.rc, result.stdout, result.stderr)

    def must(self, command: str, *args: str, statuses: tuple[int, ...] = (0,)) -> Ran:
        """Like `run`, for commands whose empty output means something: a failure raises HarnessError."""
        ran = self.run(command, *args)
        if ran.rc not in statuses:
            expected = f"exit status {' or '.join(map(str, statuses))}"
            raise HarnessError(
                f"the node could not be asked: {ran.command}", expected=expected, seen=ran.evidence.output
            )
        return ran

    def existing(self, *paths: str) -> Ran:
        """`ls -ld` of those paths that exist, dangling links included."""
        return self.must(_EXISTING.replace("PATHS", " ".join("%s" for _ in paths)), *paths)

    def matching(self, pattern: str, *directories: str) -> Ran:
        """`file:line:text` of the lines that match an extended regular expression, below directories that exist."""
        script = _MATCHING.replace("DIRECTORIES", " ".join("%s" for _ in directories))
        return self.must(script, *directories, pattern, statuses=(0, 1))


NODE_CHECKS: Registry[NodeUnderTest] = Registry()
"""Every question asked of a node, emulated or real. Importing `checks.node` fills it."""

HARDWARE_CHECKS: Registry[NodeUnderTest] = Registry()
"""Questions that an emulated board cannot answer: about silicon, a real NixOS generation, a real model."""


def applies(check: Check[Any], expectation: Expectation) -> bool:
    """Whether a check applies to this scenario on this board."""
    board = "other" if expectation.guarded else "rk3588"
    return expectation.scenario.stack in check.stacks and board in check.boards


def absent(node: NodeUnderTest, word: str, what: str, *seen: Evidence) -> Answer:
    """The answer where the configuration provides nothing to check: a failure where the scenario expects it.

    `word` is one of `expects`, or `service` for a service of any name; `what` says what is missing.
    """
    expected = [one for one in node.expectation.scenario.expects or () if one.partition(":")[0] == word]
    if expected:
        return failed(f"{what}, but {', '.join(expected)} is expected", *seen)
    return skipped(f"{what}, and it is not expected")


def checks_of(expectation: Expectation, tier: str = "vm") -> tuple[Check[NodeUnderTest], ...]:
    """The checks of level 1 for a node with this expectation, cause before effect; of silicon on tier `hardware`."""
    every = (*NODE_CHECKS.all(), *(HARDWARE_CHECKS.all() if tier == "hardware" else ()))
    chosen = [check for check in every if check.level == 1 and applies(check, expectation)]
    return tuple(sorted(chosen, key=lambda check: STAGES.index(check.stage)))


def ask(check: Check[NodeUnderTest], node: NodeUnderTest) -> Answer:
    """Ask one check; a node that cannot be asked, or a check that raises an exception, is inconclusive."""
    if not applies(check, node.expectation):
        return skipped(f"{check.id} does not apply to this scenario on {node.expectation.board.name}")
    try:
        return check.ask(node)
    except HarnessError as error:
        return inconclusive(error.message, Evidence("harness", str(error)))
    except Exception as error:
        return inconclusive(f"{CHECK_BROKE}: {type(error).__name__}: {error}", Evidence("harness", repr(error)))
