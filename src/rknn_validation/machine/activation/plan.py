"""What a switch from one installation to another has to do, as NixOS's switch-to-configuration works it out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rknn_validation.machine.activation import unitchange
from rknn_validation.machine.activation.environment import GRAPHICS
from rknn_validation.machine.activation.layout import SYSTEM, Installation
from rknn_validation.machine.activation.unitchange import Handling
from rknn_validation.machine.activation.units import UNITS
from rknn_validation.machine.tree import File, Link, Tree

_MODULES = ("/usr/lib/modules/", "/lib/modules/")
_ACCOUNTS = ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow")
_MADE_UP = ("/etc/", f"{SYSTEM}/", f"{GRAPHICS}/")
"""Where entries go: `/etc`, and profiles that stand in for store paths which would be others after the switch."""
_TRIGGERS = {
    # The guest's own units that NixOS restarts when what they read has changed, and how.
    "/etc/modules-load.d/": ("systemd-modules-load.service", Handling.STOP_AND_START),
    "/etc/sysctl.d/": ("systemd-sysctl.service", Handling.STOP_AND_START),
}
_DROP_IN = re.compile(rf"{UNITS}/([^/]+)\.d/overrides\.conf")
_WANTED = re.compile(rf"{UNITS}/([^/]+\.target)\.(?:wants|requires)/")


@dataclass(frozen=True)
class Plan:
    """`files` are laid and the paths `gone` removed; each unit is handled if it runs; `targets` are started.

    `accounts` are the names that either system declares, by file: others are somebody else's and stay.
    """

    files: Tree
    gone: tuple[str, ...]
    units: dict[str, Handling]
    targets: tuple[str, ...]
    accounts: dict[str, tuple[str, ...]]

    @property
    def rules_changed(self) -> bool:
        """Whether udevd, which NixOS restarts then, has other rules to read."""
        return any(path.startswith("/etc/udev/rules.d/") for path in (*self.files, *self.gone))

    def handled(self, *handlings: Handling) -> tuple[str, ...]:
        """The units handled in one of these ways."""
        return tuple(sorted(name for name, handling in self.units.items() if handling in handlings))


def plan(old: Installation, new: Installation) -> Plan:
    """Everything but the kernel and its modules, which change at the next boot only."""
    before, after = old.tree, new.tree
    files = {
        path: entry for path, entry in after.items() if before.get(path) != entry and not path.startswith(_MODULES)
    }
    gone = tuple(sorted(path for path in set(before) - set(after) if path.startswith(_MADE_UP)))
    names = {*old.units, *new.units}
    units: dict[str, Handling] = {
        name: handling for name in names if (handling := _handling(name, before, after)) is not Handling.LEAVE
    }
    for path in (*files, *gone):
        for directory, (name, handling) in _TRIGGERS.items():
            if path.startswith(directory):
                units[name] = handling
        own = _DROP_IN.match(path)
        if own:
            units.setdefault(own[1], Handling.STOP_AND_START)
    targets = {found[1] for path in after if (found := _WANTED.match(path))}
    return Plan(files, gone, units, ("multi-user.target", *sorted(targets - {"multi-user.target"})), {
        path: tuple(sorted(_names(before, path) | _names(after, path))) for path in _ACCOUNTS
    })  # fmt: skip


def _handling(name: str, before: Tree, after: Tree) -> Handling:
    old, new = before.get(f"{UNITS}/{name}"), after.get(f"{UNITS}/{name}")
    if not isinstance(old, File) or old == new:
        return Handling.LEAVE
    was = unitchange.read(old.data.decode())
    if not isinstance(new, File):
        assert new is None or isinstance(new, Link)  # masked
        return unitchange.removed(was)
    return unitchange.changed(name, was, unitchange.read(new.data.decode()))


def _names(tree: Tree, path: str) -> set[str]:
    entry = tree.get(path)
    lines = entry.data.decode().splitlines() if isinstance(entry, File) else ()
    return {line.split(":", 1)[0] for line in lines}
