"""Emulated boards with a scenario on them: laid over the Debian guest, or as a NixOS host has it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from rknn_validation.checks.questions import Question
from rknn_validation.deadline import Deadline
from rknn_validation.errors import HarnessError
from rknn_validation.facts.model import Facts
from rknn_validation.machine.activation import Guest, Installation, described, install
from rknn_validation.machine.emulator import Emulator, Identity, Machine
from rknn_validation.machine.nixosguests import NixosGuests

BOARD = "board: QEMU's virt machine under the board's device-tree identity"
DEBIAN = ("guest: Debian 12", "configuration: its files laid over the guest, where NixOS activation would put them")
BOOT_SECONDS = 240.0
NIXOS_BOOT_SECONDS = 1200.0
RESTORE_SECONDS = 30.0


class Boards(Protocol):
    """Every question gets a machine of its own; each board is booted once for each scenario."""

    def restored(self, asked: Question) -> AbstractContextManager[Machine]:
        """A pristine machine of the question's board with the question's scenario on it. Raises HarnessError."""

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
            baseline = facts.baseline.configuration
            self.installed[scenario] = install(facts.configuration, self.guest, baseline=baseline)
        return self.installed[scenario]

    def restored(self, asked: Question) -> AbstractContextManager[Machine]:
        assert asked.board is not None
        installation = self.installation(asked.scenario.name)
        npu = installation.npu if asked.board.is_rk3588 else None
        deadline = Deadline.after(BOOT_SECONDS, f"{asked.board.name} with scenario {asked.scenario.name}")
        snapshot = self.emulator.snapshot(Identity(asked.board, npu), installation.tree, deadline)
        return snapshot.restore(deadline.capped(RESTORE_SECONDS, deadline.what))

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

    def restored(self, asked: Question) -> AbstractContextManager[Machine]:
        assert asked.board is not None
        facts = evaluated(self.gathered[asked.scenario.name])
        guest = self.guests.of(asked.scenario)
        deadline = Deadline.after(NIXOS_BOOT_SECONDS, f"{asked.board.name} with {guest.name}")
        npu = None
        if asked.board.is_rk3588:
            npu = guest.described(deadline) if guest.has_device_tree else described(facts.configuration)[0]
        snapshot = self.emulator.nixos_snapshot(Identity(asked.board, npu), guest, deadline)
        return snapshot.restore(deadline.capped(RESTORE_SECONDS, deadline.what))

    def stand_ins(self, scenario: str) -> tuple[str, ...]:
        return (BOARD, *self.guests.of(self.gathered[scenario].scenario).stand_ins_for_reports())

    def notes(self, scenario: str) -> tuple[str, ...]:
        facts = self.gathered[scenario]
        guest = self.guests.of(facts.scenario)
        if guest.has_device_tree:
            return (f"device tree: NPU nodes as {guest.directory}/board.dtb has them",)
        return (described(facts.configuration)[1],)


def evaluated(facts: Facts) -> Facts:
    """The case, where it evaluates; raises HarnessError where there is no configuration to expect anything of."""
    if facts.evaluation.configuration is None:
        assert facts.evaluation.error is not None
        raise HarnessError(
            f"scenario {facts.scenario.name} cannot be installed: it does not evaluate",
            seen=facts.evaluation.error.message,
            hint="mend what the unit tier says about it first",
        )
    return facts
