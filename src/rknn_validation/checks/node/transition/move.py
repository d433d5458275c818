"""Move: a switch that was made on a node, what it was like after, and what a boot of the same system gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rknn_validation.checks.model import Answer, Check, Evidence, Registry
from rknn_validation.checks.node.question import Question
from rknn_validation.checks.node.transition.state import TOPICS, State

OF_THE_KERNEL = frozenset({"kernel", "device", "access", "udev"})
"""Stages whose answers are the running kernel's, and its device tree's."""
OF_ITS_MODULES = frozenset({"disabled.no-driver"})
OF_FILES = frozenset({"library", "python"})
"""Stages whose answers follow from files, links, accounts and variables; a store path holds what it held."""


@dataclass(frozen=True)
class Move:
    """A node that booted with one system and was switched to another, or over several and back.

    `status` and `said` are what the switch gave. `booted` and `booted_answers` are of a node that was started with the
    system it was switched to, `after` and `answers` of the switched one; answers are by check. `next_boot`: kernel,
    its modules or device tree of that system are other ones than those that run, and change when the node boots next.
    `drivers` are those that systems before the last one added to their kernels. `unlaid` are units that cannot run on
    this node, because nothing was built: what state they are in says nothing.
    """

    status: int
    said: str
    booted: State
    after: State
    next_boot: bool
    drivers: tuple[str, ...]
    unlaid: tuple[str, ...] = ()
    booted_answers: Mapping[str, Answer] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)

    def to_ask(self, checks: Sequence[Check[Question]]) -> list[Check[Question]]:
        """Of a system's checks those whose answer may be another one than after a boot.

        Kernel and device wait for the next boot where another kernel boots then. What reads links, variables, accounts
        and the store alone cannot answer otherwise where these are the same.
        """
        as_booted = all(self.booted[topic] == self.after[topic] for topic in TOPICS if topic != "drivers")
        settled = OF_FILES if as_booted else frozenset()
        return [check for check in checks if not (self.waits(check) or check.stage in settled)]

    def waits(self, check: Check[Question]) -> bool:
        """Whether a check asks for what changes at the next boot only."""
        return self.next_boot and (check.stage in OF_THE_KERNEL or check.id in OF_ITS_MODULES)

    @property
    def doubtful(self) -> tuple[str, ...]:
        """Units that do not run after the switch, to find those among them that cannot."""
        return tuple(name for name, state in self.after["units"].items() if state.startswith(("failed", "activating")))

    @property
    def words(self) -> Evidence:
        """What the switch said."""
        return Evidence("switch-to-configuration switch", f"{self.said.rstrip()}\n(exit status {self.status})".lstrip())


TRANSITION_CHECKS: Registry[Move] = Registry()
"""Every question asked of a switch. Importing `checks.node.transition` fills it."""
