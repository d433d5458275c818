"""Users and groups: do those that are named exist, and does nobody get more than the NPU?"""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import ALL_STACKS, CONFIGURATION_CHECKS
from rknn_validation.checks.configuration.udev import rules_of
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.difference import baseline, part
from rknn_validation.facts.model import Facts
from rknn_validation.facts.text import tmpfiles

STANDARD_GROUPS = frozenset(
    "root wheel disk kmem tty adm lp uucp audio video render input kvm cdrom floppy tape dialout users nogroup "
    "utmp keys systemd-journal sgx clock shadow messagebus".replace("\n", " ").split(" ")
)
"""Groups every NixOS machine has."""


@CONFIGURATION_CHECKS.check(
    "access.accounts-exist",
    stage="access",
    title="every user and group that is named exists",
    remedy="Create it (users.groups.<name> = { };), or name one NixOS has, such as render.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def accounts_exist(facts: Facts) -> Answer:
    """udevd ignores GROUP= with an unknown name; a unit with an unknown User= or Group= fails to start."""
    named = list(_named_accounts(facts))
    missing = [
        Evidence(where, f"{kind} {name} does not exist")
        for where, kind, name in named
        if not _exists(facts, kind, name)
    ]
    if missing:
        return failed("an account that does not exist is given access", *missing)
    return passed(f"{len(named)} names, all known") if named else skipped("the subject names no user or group")


def _exists(facts: Facts, kind: str, name: str) -> bool:
    configuration = facts.configuration
    known = configuration.groups if kind == "group" else configuration.users
    if name in known or name.isdigit() or not name or name.startswith(("$", "%")) or name == "-":
        return True
    return name in STANDARD_GROUPS if kind == "group" else name in {"root", "nobody"}


def _named_accounts(facts: Facts) -> Iterator[tuple[str, str, str]]:
    ours = part(facts)
    for rule in rules_of(facts):
        yield from ((rule.where, "group", name) for name in rule.values("GROUP"))
        yield from ((rule.where, "user", name) for name in rule.values("OWNER"))
    for name, unit in ours.units.items():
        service = unit.sections.get("Service", {})
        dynamic = (service.get("DynamicUser", ("",))[-1:] or ("",))[0].lower() in {"true", "yes", "1", "on"}
        groups = (word for value in service.get("SupplementaryGroups", ()) for word in value.split())
        yield from ((f"{name} SupplementaryGroups", "group", group) for group in groups)
        if not dynamic:
            yield from ((f"{name} User", "user", user) for user in service.get("User", ())[-1:])
            yield from ((f"{name} Group", "group", group) for group in service.get("Group", ())[-1:])
    for text in ours.tmpfiles:
        line = tmpfiles.parse(text)
        if isinstance(line, tmpfiles.Line):
            yield ("systemd.tmpfiles.rules", "user", line.user.strip(":~"))
            yield ("systemd.tmpfiles.rules", "group", line.group.strip(":~"))
    before = baseline(facts).users
    for user in facts.configuration.users.values():
        known = before[user.name].groups if user.name in before else ()
        yield from ((f"users.users.{user.name}.extraGroups", "group", one) for one in user.groups if one not in known)
        if user.name not in before or before[user.name].group != user.group:
            yield (f"users.users.{user.name}.group", "group", user.group)


@CONFIGURATION_CHECKS.check(
    "access.grants-no-more-than-the-npu",
    stage="access",
    title="nobody becomes an administrator for the NPU's sake",
    remedy="Add users to render (or the module's own group) and nothing else.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def grants_no_more(facts: Facts) -> Answer:
    """wheel, root, disk, kmem and docker amount to root."""
    before = baseline(facts).users
    wide = {"wheel", "root", "disk", "kmem", "docker", "sudo", "shadow"}
    found = [
        Evidence(f"users.users.{user.name}.extraGroups", group)
        for user in facts.configuration.users.values()
        for group in user.groups
        if group in wide and group not in (before[user.name].groups if user.name in before else ())
    ]
    if found:
        return failed("access to the NPU would need, or bring, power over the whole machine", *found)
    return passed("no membership beyond the NPU's group")


@CONFIGURATION_CHECKS.check(
    "access.standard-groups-keep-their-ids",
    stage="access",
    title="NixOS's own groups keep their numbers",
    remedy="Leave gid unset; render is 303 and video 26 on every NixOS machine.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def ids_stay(facts: Facts) -> Answer:
    """Files on disk and other modules know these groups by number."""
    before = baseline(facts).groups
    fixed = {"render": 303, "video": 26, "kvm": 302, "input": 174, "wheel": 1, "audio": 17, "disk": 6}
    moved = [
        Evidence(f"users.groups.{name}.gid", str(group.gid))
        for name, group in facts.configuration.groups.items()
        if group.gid is not None
        and group.gid not in {fixed.get(name, group.gid), before[name].gid if name in before else -1}
    ]
    if moved:
        return failed("a standard group gets another number", *moved)
    return passed("no standard group is renumbered")
