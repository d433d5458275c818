"""Accounts and mounts of a configuration."""

from __future__ import annotations

from dataclasses import dataclass

from rknn_validation.facts.nix.package import Package


@dataclass(frozen=True)
class Account:
    """A user or group: `groups` are a user's extra groups, `group` is its own; `members` are a group's.

    `packages` are those of a user's own profile, home-manager's among them where that is evaluated.
    """

    name: str
    groups: tuple[str, ...]
    is_system: bool
    gid: int | None = None
    group: str = ""
    members: tuple[str, ...] = ()
    packages: tuple[Package, ...] = ()


@dataclass(frozen=True)
class Mount:
    """What is mounted from `what` on `where`; `option` is the one that says so, `kind` the file system's type.

    `starts`: something mounts it by itself. An automount names no source: the mount of the same place does.
    """

    option: str
    where: str
    what: str
    kind: str
    options: tuple[str, ...]
    starts: bool
