"""What a switch from one installation to another has to do, as NixOS's switch-to-configuration works it out.

Source of what becomes of a unit: `compare_units` and `handle_modified_unit` of nixpkgs' switch-to-configuration-ng.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from rknn_validation.machine.activation.environment import GRAPHICS
from rknn_validation.machine.activation.layout import SYSTEM, Installation
from rknn_validation.machine.activation.units import UNITS
from rknn_validation.machine.tree import File, Link, Tree

Sections = Mapping[str, Mapping[str, tuple[str, ...]]]

_OF_NO_MATTER = frozenset({
    "X-Reload-Triggers", "Description", "Documentation", "OnFailure", "OnSuccess", "OnFailureJobMode",
    "IgnoreOnIsolate", "StopWhenUnneeded", "RefuseManualStart", "RefuseManualStop", "AllowIsolate", "CollectMode",
    "SourcePath",
})  # fmt: skip
"""Keys of [Unit] that do not affect what runs."""
_NEVER_RESTARTED = ("sysinit.target", "basic.target", "multi-user.target", "graphical.target")
_TRUE = ("1", "yes", "true", "on")


class Handling(StrEnum):
    """What happens to a unit that runs. `stop and start`: stopped by its old definition, started by its new one."""

    LEAVE = "leave"
    STOP = "stop"
    RELOAD = "reload"
    RESTART = "restart"
    STOP_AND_START = "stop and start"
    SKIP = "not restarted"


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
class SwitchPlan:
    """`files` are installed and the paths `gone` removed; each unit is handled if it runs; `targets` are started.

    `accounts` are the names that either system declares, by file: other accounts stay.
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


def plan(old: Installation, new: Installation) -> SwitchPlan:
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
    return SwitchPlan(files, gone, units, ("multi-user.target", *sorted(targets - {"multi-user.target"})), {
        path: tuple(sorted(_names(before, path) | _names(after, path))) for path in _ACCOUNTS
    })  # fmt: skip


def _handling(name: str, before: Tree, after: Tree) -> Handling:
    old, new = before.get(f"{UNITS}/{name}"), after.get(f"{UNITS}/{name}")
    if not isinstance(old, File) or old == new:
        return Handling.LEAVE
    was = read_unit(old.data.decode())
    if not isinstance(new, File):
        assert new is None or isinstance(new, Link)  # masked
        return removed(was)
    return changed(name, was, read_unit(new.data.decode()))


def _names(tree: Tree, path: str) -> set[str]:
    entry = tree.get(path)
    lines = entry.data.decode().splitlines() if isinstance(entry, File) else ()
    return {line.split(":", 1)[0] for line in lines}


def read_unit(text: str) -> Sections:
    """The sections of a unit file, without [Install]; an empty value forgets those before it."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    section: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip().strip("[]"), {})
        elif "=" in line and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            known = section.get(key.strip(), ())
            section[key.strip()] = (*known, value.strip()) if value.strip() else ()
    found.pop("Install", None)
    return found


def removed(old: Sections) -> Handling:
    """Of a unit that the new system does not have, or masks."""
    return Handling.STOP if _is(old, "Unit", "X-StopOnRemoval", default=True) else Handling.LEAVE


def changed(name: str, old: Sections, new: Sections) -> Handling:
    """Of a unit that both systems have."""
    needs = _needs(old, new)
    if needs is Handling.LEAVE or needs is Handling.RELOAD:
        return needs
    if name in _NEVER_RESTARTED or name.endswith((".slice", ".socket", ".target")):
        return Handling.LEAVE
    if name.endswith(".mount"):
        return Handling.RESTART
    if _is(new, "Service", "X-ReloadIfChanged"):
        return Handling.RELOAD
    if (
        not _is(new, "Service", "X-RestartIfChanged", default=True)
        or _is(new, "Unit", "RefuseManualStop")
        or _is(new, "Unit", "X-OnlyManualStart")
    ):
        return Handling.SKIP
    if not name.endswith(".service") or not _is(new, "Service", "X-StopIfChanged", default=True):
        return Handling.RESTART
    return Handling.STOP_AND_START


def _needs(old: Sections, new: Sections) -> Handling:
    """Whether the two differ in anything that matters: leave, reload or restart."""
    handling = Handling.LEAVE
    for section in {*old, *new}:
        before, after = old.get(section, {}), new.get(section, {})
        differ = {key for key in {*before, *after} if before.get(key) != after.get(key)}
        if section == "Unit":
            if after.get("X-Reload-Triggers") and "X-Reload-Triggers" in differ:
                handling = Handling.RELOAD
            differ -= _OF_NO_MATTER
        elif section == "Mount" and differ == {"Options"}:
            handling, differ = Handling.RELOAD, set()
        if differ:
            return Handling.RESTART
    return handling


def _is(sections: Sections, section: str, key: str, *, default: bool = False) -> bool:
    values = sections.get(section, {}).get(key, ())
    return values[-1] in _TRUE if values else default
