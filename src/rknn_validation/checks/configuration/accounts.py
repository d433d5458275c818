"""Users and groups: those that are named exist, and none gets more than access to the NPU."""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Fine, Problem
from rknn_validation.facts.contribution import is_npu_module
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import Account
from rknn_validation.facts.npurelated import npu_rules, npu_tmpfiles, npu_units, npu_users
from rknn_validation.facts.text import tmpfiles
from rknn_validation.facts.text.units import is_on, last, words

STANDARD_GROUPS = frozenset(
    [
        "root",
        "wheel",
        "disk",
        "kmem",
        "tty",
        "adm",
        "lp",
        "uucp",
        "audio",
        "video",
        "render",
        "input",
        "kvm",
        "cdrom",
        "floppy",
        "tape",
        "dialout",
        "users",
        "nogroup",
        "utmp",
        "keys",
        "systemd-journal",
        "sgx",
        "clock",
        "shadow",
        "messagebus",
    ]
)
"""Groups every NixOS machine has."""
_FIXED = {"render": 303, "video": 26, "kvm": 302, "input": 174, "wheel": 1, "audio": 17, "disk": 6}


@check(
    "access.accounts-exist",
    "Every user and group that is named exists",
    remedy="Create the account (users.groups.<name> = { };), or use one that NixOS has, such as render.",
    nothing="the subject names no user or group for the NPU",
    everywhere=True,
)
def accounts_exist(facts: Facts) -> Iterator[Problem | Fine]:
    """Udevd ignores GROUP= with an unknown name; a unit with an unknown User= or Group= fails to start."""
    for where, kind, name in _named_accounts(facts):
        if _exists(facts, kind, name):
            yield Fine(where, f"{kind} {name}")
        else:
            yield Problem(where, f"the {kind} {name} does not exist")


def _exists(facts: Facts, kind: str, name: str) -> bool:
    configuration = facts.configuration
    known = configuration.groups if kind == "group" else configuration.users
    if name in known or name.isdigit() or not name or name.startswith(("$", "%")) or name == "-":
        return True
    return name in STANDARD_GROUPS if kind == "group" else name in {"root", "nobody"}


def _named_accounts(facts: Facts) -> Iterator[tuple[str, str, str]]:
    for rule in npu_rules(facts):
        yield from ((rule.where, "group", name) for name in rule.values("GROUP"))
        yield from ((rule.where, "user", name) for name in rule.values("OWNER"))
    for name, unit in npu_units(facts).items():
        yield from ((f"{name} SupplementaryGroups", "group", group) for group in words(unit, "SupplementaryGroups"))
        # User services run as the user who starts them.
        if not is_on(last(unit, "DynamicUser")) and not name.startswith("user/"):
            yield (f"{name} User", "user", last(unit, "User"))
            yield (f"{name} Group", "group", last(unit, "Group"))
    for line in npu_tmpfiles(facts):
        if isinstance(line, tmpfiles.Line):
            yield ("systemd.tmpfiles.rules", "user", line.user.strip(":~"))
            yield ("systemd.tmpfiles.rules", "group", line.group.strip(":~"))
    for user, before in _own_users(facts):
        known = before.groups if before else ()
        yield from ((f"users.users.{user.name}.extraGroups", "group", one) for one in user.groups if one not in known)
        if before is None or before.group != user.group:
            yield (f"users.users.{user.name}.group", "group", user.group)


def _own_users(facts: Facts) -> Iterator[tuple[Account, Account | None]]:
    """(user, the same without the subject) of the users the subject makes or changes for the NPU."""
    before = facts.without.users
    for user in facts.configuration.users.values():
        if is_npu_module(facts) or user.name in npu_users(facts):
            yield user, before.get(user.name)


@check(
    "access.no-privileged-groups",
    "No user joins a privileged group",
    remedy="Add users to render (or the module's own group) and to no other group.",
    everywhere=True,
)
def grants_no_more(facts: Facts) -> Iterator[Problem | Fine]:
    """Members of wheel, root, disk, kmem and docker can become root."""
    wide = {"wheel", "root", "disk", "kmem", "docker", "sudo", "shadow"}
    for user, before in _own_users(facts):
        for group in wide & set(user.groups) - set(before.groups if before else ()):
            what = "the group gives control over the whole machine"
            yield Problem(f"users.users.{user.name}.extraGroups", what, group)
    yield Fine("users.users")


@check(
    "access.standard-group-ids-unchanged",
    "Standard groups keep their GIDs",
    remedy="Leave gid unset; render is 303 and video is 26 on every NixOS machine.",
    everywhere=True,
)
def ids_stay(facts: Facts) -> Iterator[Problem | Fine]:
    """Files on disk and other modules refer to these groups by number."""
    before = facts.without.groups
    for name, group in facts.configuration.groups.items():
        usual = {_FIXED.get(name, group.gid), before[name].gid if name in before else -1}
        if group.gid is not None and group.gid not in usual:
            yield Problem(f"users.groups.{name}.gid", "a standard group gets another GID", str(group.gid))
    yield Fine("users.groups")
