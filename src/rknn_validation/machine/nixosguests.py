"""Which NixOS guest a scenario is asked on: one that was given, or the one that is built for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rknn_validation.common.cache import Cache, Progress
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.machine.nixosbuild import build
from rknn_validation.machine.nixosguest import NixosGuest, read
from rknn_validation.subject.validation import Scenario, Validation


class NixosGuests:
    """The NixOS guests of a run.

    `given` are `DIR` or `SCENARIO=DIR`. Where none is given every scenario's guest is built, each once and within
    `seconds`.
    """

    def __init__(
        self, validation: Validation, given: Sequence[str], cache: Cache, seconds: float, progress: Progress
    ) -> None:
        self.validation = validation
        self.given = tuple(given)
        self.cache = cache
        self.seconds = seconds
        self.progress = progress
        self._known: dict[str, NixosGuest | HarnessError] = {}

    def of(self, scenario: Scenario) -> NixosGuest:
        """The guest of a scenario. Raises HarnessError; what failed once is not tried again."""
        if scenario.name not in self._known:
            try:
                self._known[scenario.name] = self._given(scenario) if self.given else self._built(scenario)
            except HarnessError as problem:
                self._known[scenario.name] = problem
        found = self._known[scenario.name]
        if isinstance(found, HarnessError):
            raise found
        return found

    def _given(self, scenario: Scenario) -> NixosGuest:
        offered = []
        for word in self.given:
            name, _, path = word.rpartition("=")
            guest = read(Path(path))
            carried = name or guest.scenario or self._only_scenario_of(guest.host)
            if carried == scenario.name:
                return guest
            offered.append(f"{word}: {f'scenario {carried}' if carried else f'host {guest.host} as it is'}")
        raise HarnessError(
            f"no NixOS guest for scenario {scenario.name}",
            expected=f"--guest-image {scenario.name}=DIR",
            seen="; ".join(offered),
            hint="name the scenario before the directory, or ask this one only with -k",
        )

    def _only_scenario_of(self, host: str) -> str | None:
        """A host as it is carries a scenario only where there is no doubt which."""
        names = [name for name, guest in self.validation.guests.items() if guest.host == host]
        return names[0] if len(names) == 1 else None

    def _built(self, scenario: Scenario) -> NixosGuest:
        host = self.validation.guests.get(scenario.name)
        if host is None:
            raise HarnessError(
                f"no NixOS guest for scenario {scenario.name}",
                expected=f"guests.{scenario.name}: FLAKE#HOST in {self.validation.path}",
                seen="no such key",
                hint="name the host this scenario is meant for, or ask with --guest debian",
            )
        deadline = Deadline.after(self.seconds, f"Nix to build the guest of {host.host}")
        return build(
            self.validation.subject_of(scenario.name),
            scenario,
            host,
            self.cache.root / "guests",
            deadline,
            self.progress,
        )
