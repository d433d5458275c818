"""A restored board with a configuration on it, to ask checks of and to break."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import handmade
import pytest

from rknn_validation.checks.model import Answer
from rknn_validation.checks.node import NODE_CHECKS, Expectation, NodeUnderTest, ask
from rknn_validation.facts.nix.configuration import Configuration
from rknn_validation.machine.activation import Guest, Installation, Switched, install, switch
from rknn_validation.machine.machine import Machine
from rknn_validation.nodes.console import host
from rknn_validation.npu.boards import BOARDS
from rknn_validation.npu.stacks import MAINLINE, VENDOR, Stack
from rknn_validation.subject.validation import Scenario

BOOT_SECONDS = 240.0
RESTORE_SECONDS = 30.0

CONSOLE = pytest.StashKey[Callable[[], str]]()
"""Where a test leaves how to read its machine's console, which then goes with a failure."""


@dataclass(frozen=True)
class Setup:
    """A board and the configuration it is booted with."""

    board: str
    stack: Stack | None
    configuration: Configuration


SETUPS = {
    "vendor": Setup("orangepi-5-plus", VENDOR, handmade.vendor()),
    "mainline": Setup("orangepi-5-plus", MAINLINE, handmade.mainline()),
    "guarded": Setup("raspberrypi-4-b", VENDOR, handmade.vendor()),
    "disabled": Setup("orangepi-5-plus", None, handmade.configuration()),
}


@dataclass
class Bench:
    """The machine, and what is on it."""

    machine: Machine
    setup: Setup
    guest: Guest
    installation: Installation
    configuration: Configuration = field(init=False)

    def __post_init__(self) -> None:
        self.configuration = self.setup.configuration

    def sh(self, command: str) -> str:
        """Run a command that has to succeed; its standard output."""
        done = self.machine.run(command)
        assert done.rc == 0, f"{command}: {done.stderr.decode()}"
        return done.stdout.decode()

    def switch(self, configuration: Configuration) -> Switched:
        """`nixos-rebuild switch` to another configuration."""
        installation = install(handmade.facts(configuration), self.guest)
        said = switch(self.machine, self.installation, installation)
        self.installation, self.configuration = installation, configuration
        return said

    def ask(self, check: str) -> Answer:
        """What the check answers now."""
        return ask(NODE_CHECKS[check], self.question())

    def question(self) -> NodeUnderTest:
        """The machine, and what it is expected to be."""
        stack = self.setup.stack
        board = BOARDS[self.setup.board]
        scenario = Scenario("handmade", stack.name if stack else "none", {}, (board.name,))
        expectation = Expectation(scenario, board, self.configuration, stack, guarded=not board.is_rk3588)
        return NodeUnderTest(host(self.machine, board.name), expectation)
