"""What a switch does with a unit that is in both systems: the rules of NixOS's switch-to-configuration.

Source: `compare_units` and `handle_modified_unit` of nixpkgs' switch-to-configuration-ng.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

Sections = Mapping[str, Mapping[str, tuple[str, ...]]]

_OF_NO_MATTER = frozenset({
    "X-Reload-Triggers", "Description", "Documentation", "OnFailure", "OnSuccess", "OnFailureJobMode",
    "IgnoreOnIsolate", "StopWhenUnneeded", "RefuseManualStart", "RefuseManualStop", "AllowIsolate", "CollectMode",
    "SourcePath",
})  # fmt: skip
"""Keys of [Unit] that change nothing about what runs."""
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


def read(text: str) -> Sections:
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
