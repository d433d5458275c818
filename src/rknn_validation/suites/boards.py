"""Emulated boards with a scenario on them: laid over the Debian guest, or as a NixOS host has it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.facts.model import Facts
from rknn_validation.facts.npurelated import npu_units
from rknn_validation.machine.activation import Guest, Installation, Switched, described, install, switch
from rknn_validation.machine.emulator import Emulator, Identity, Machine
from rknn_validation.machine.nixosguest import NixosGuests
from rknn_validation.npu.boards import Board

BOARD = "board: QEMU's virt machine under the board's device-tree identity"
DEBIAN = ("guest: Debian 12", "configuration: its files laid over the guest, where NixOS activation would put them")
BOOT_SECONDS = 240.0
NIXOS_BOOT_SECONDS = 1200.0
RESTORE_SECONDS = 30.0


class Boards(Protocol):
    """Each board is booted once for each scenario, and restored as often as it is asked."""

    def restored(self, scenario: str, board: Board) -> AbstractContextManager[Machine]:
        """A pristine machine of the board with the scenario on it. Raises HarnessError."""

    def stand_ins(self, scenario: str) -> tuple[str, ...]:
        """What stood in for the real thing."""

    def notes(self, scenario: str) -> tuple[str, ...]:
        """What had to be assumed or left out."""


class DebianBoards:
    """The scenario's evaluated configuration, laid over the Debian guest."""

    def __init__(self, gathered: Mapping[str, Facts], emulator: Emulator, guest: Guest) -> None:
        self.gathered = gathered
        self.emulator = emulator
        self.guest = guest
        self.installed: dict[str, Installation] = {}

    def installation(self, scenario: str) -> Installation:
        """The scenario laid out; raises HarnessError where it does not evaluate."""
        if scenario not in self.installed:
            facts = evaluated(self.gathered[scenario])
            only = npu_units(facts) if facts.subject.host is not None else None
            self.installed[scenario] = install(facts, self.guest, only=only)
        return self.installed[scenario]

    def restored(self, scenario: str, board: Board) -> AbstractContextManager[Machine]:
        installation = self.installation(scenario)
        npu = installation.npu if board.is_rk3588 else None
        deadline = Deadline.after(BOOT_SECONDS, f"{board.name} with scenario {scenario}")
        snapshot = self.emulator.snapshot(Identity(board, npu), installation.tree, deadline)
        return snapshot.restore(deadline.capped(RESTORE_SECONDS, deadline.what))

    def switch(self, machine: Machine, before: str, after: str) -> Switched:
        """Switch a machine that runs one scenario to another."""
        return switch(machine, self.installation(before), self.installation(after))

    def stand_ins(self, scenario: str) -> tuple[str, ...]:
        return (BOARD, *DEBIAN, *self.installation(scenario).stand_ins)

    def notes(self, scenario: str) -> tuple[str, ...]:
        return self.installation(scenario).notes


class NixosBoards:
    """The system of a NixOS host: nothing is installed, the configuration is in it."""

    def __init__(self, gathered: Mapping[str, Facts], emulator: Emulator, guests: NixosGuests) -> None:
        self.gathered = gathered
        self.emulator = emulator
        self.guests = guests

    def restored(self, scenario: str, board: Board) -> AbstractContextManager[Machine]:
        facts = evaluated(self.gathered[scenario])
        guest = self.guests.of(facts.scenario)
        deadline = Deadline.after(NIXOS_BOOT_SECONDS, f"{board.name} with {guest.name}")
        npu = None
        if board.is_rk3588:
            npu = guest.described(deadline) if guest.has_device_tree else described(facts)[0]
        snapshot = self.emulator.nixos_snapshot(Identity(board, npu), guest, deadline)
        return snapshot.restore(deadline.capped(RESTORE_SECONDS, deadline.what))

    def stand_ins(self, scenario: str) -> tuple[str, ...]:
        return (BOARD, *self.guests.of(self.gathered[scenario].scenario).stand_ins_for_reports())

    def notes(self, scenario: str) -> tuple[str, ...]:
        facts = self.gathered[scenario]
        guest = self.guests.of(facts.scenario)
        if guest.has_device_tree:
            return (f"device tree: NPU nodes as {guest.directory}/board.dtb has them",)
        return (described(facts)[1],)


def evaluated(facts: Facts) -> Facts:
    """The case, where it evaluates; raises HarnessError where there is no configuration to expect anything of."""
    if facts.evaluation.configuration is None:
        assert facts.evaluation.error is not None
        raise HarnessError(
            f"scenario {facts.scenario.name} cannot be installed: it does not evaluate",
            seen=facts.evaluation.error.message,
            hint="fix what the unit tier reports about it first",
        )
    return facts
