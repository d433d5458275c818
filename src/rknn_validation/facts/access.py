"""Who may open the NPU's devnodes: users by their groups, services by their sandbox, and access set by scripts."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator

from rknn_validation.facts.contribution import contribution
from rknn_validation.facts.devnodes import Devnode, devnode_links, devnodes, devnodes_named, subject_rules, unread_rules
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.configuration import Configuration, Unit
from rknn_validation.facts.services import run_commands
from rknn_validation.facts.text import shell, tmpfiles
from rknn_validation.facts.text.units import last, values


def memberships(configuration: Configuration) -> dict[str, set[str]]:
    """The groups of every user."""
    found = {user.name: {*user.groups, user.group} - {""} for user in configuration.users.values()}
    for name, group in configuration.groups.items():
        for member in group.members:
            found.setdefault(member, set()).add(name)
    return found


def closed_to_user(facts: Facts, name: str) -> str:
    """The devnode that a user may not open, as it is; "" where one lets them in, or may."""
    nodes = devnodes(facts)
    # Unknown: whether a user is logged in at the machine, and what unread rules do.
    if not nodes or unread_rules(facts) or any(one.outcome.is_tagged for one in nodes):
        return ""
    groups = frozenset(memberships(facts.configuration).get(name, ()))
    return "" if any(one.lets_in(name, groups) for one in nodes) else str(nodes[0])


_GROUPS = {"misc": "misc", "drm": "drm", "accel": "accel"}
"""What /proc/devices calls the majors of each subsystem."""


def why_not_allowed(facts: Facts, unit: Unit) -> str:
    """Why a service's list of devices keeps the NPU from it; "" where it does not."""
    allowed, policy = values(unit, "DeviceAllow"), last(unit, "DevicePolicy")
    if not allowed and policy not in {"closed", "strict"}:
        return ""
    shown = f"DeviceAllow={' '.join(allowed) or '(none)'}"
    folders = [value.split()[0] for value in allowed if value.split()[0].rstrip("/") in {"/dev/dri", "/dev/accel"}]
    named = {value: [one for one in devnodes(facts) if _names(facts, value.split()[0], one)] for value in allowed}
    if any("%" in value or "$" in value for value in allowed):
        return ""
    if not any(named.values()):
        if folders and any(one.path.startswith(f"{folders[0].rstrip('/')}/") for one in devnodes(facts)):
            return f"{shown}: {folders[0]} is a folder, and systemd allows devices only; char-drm or char-accel has all"
        return f"{shown} does not name the NPU"
    if policy == "auto" and not allowed:
        return ""
    if not any(_may_write(value) for value, nodes in named.items() if nodes):
        return f"{shown} allows reading only; the NPU is opened for reading and writing"
    missed = _missed(facts, [one for nodes in named.values() for one in nodes])
    return f"{shown} does not name {missed}, which is the devnode here" if missed else ""


def _names(facts: Facts, word: str, node: Devnode) -> bool:
    if word.startswith("char-"):
        return fnmatch.fnmatchcase(_GROUPS[node.device.subsystem], word.removeprefix("char-"))
    if word in devnode_links(facts):
        return True
    kind = node.device.kernel.rstrip("0123456789")
    return word == node.path or bool(re.fullmatch(rf"/dev/dri/{kind}\d+", word) and node.device.subsystem == "drm")


def _may_write(value: str) -> bool:
    access = value.split()[1:]
    return not access or "w" in access[-1]


def _missed(facts: Facts, named: list[Devnode]) -> str:
    """The kind of node the machine has, where a list of allowed devices has only the other kind."""
    sure = [one for one in devnodes(facts) if one.certain]
    # The rules tell which kind is meant where the kernel does not.
    meant = sure or [one for one in devnodes(facts) if one.outcome.gives_access]
    kinds = {one.device.subsystem for one in meant}
    if len(kinds) == 1 and kinds.isdisjoint(one.device.subsystem for one in named):
        path = meant[0].path
        return posixpath.dirname(path) if path.startswith("/dev/dri/") else path
    return ""


_NODE = re.compile(r"\$(?:devnode|tempnode|env\{DEVNAME\})|%(?:N|E\{DEVNAME\})|/dev/(?:\$(?:name|kernel)|%k)")
"""How a rule names the node it applies to."""
_GIVES = frozenset({"chgrp", "chown", "chmod", "setfacl", "mknod"})


def access_given_by_hand(facts: Facts) -> Iterator[tuple[str, str]]:
    """(where, text) of everything other than rules that sets access to a devnode of the NPU."""
    for line in _tmpfiles_lines(facts):
        if line.type in "zZaA":
            yield "systemd.tmpfiles.rules", line.text
    yield from ((where, command.text) for where, command in _access_commands(facts))


def access_given_to_all(facts: Facts) -> Iterator[tuple[str, str]]:
    """(where, text) of those that let every user write."""
    for line in _tmpfiles_lines(facts):
        if _is_wide(line.mode.strip(":~")):
            yield "systemd.tmpfiles.rules", line.text
    for where, command in _access_commands(facts):
        if any(_is_wide(mode) for mode in _modes(command)):
            yield where, command.text


def _tmpfiles_lines(facts: Facts) -> Iterator[tmpfiles.Line]:
    for text in contribution(facts).tmpfiles:
        line = tmpfiles.parse(text)
        if isinstance(line, tmpfiles.Line) and devnodes_named(facts, line.path):
            yield line


@derived
def _access_commands(facts: Facts) -> tuple[tuple[str, shell.Command], ...]:
    found = [
        (where, command)
        for where, command in run_commands(facts)
        if command.program in _GIVES and any(devnodes_named(facts, word) for word in command.arguments)
    ]
    return (*found, *dict.fromkeys(_by_rules(facts)))


def _by_rules(facts: Facts) -> Iterator[tuple[str, shell.Command]]:
    """What the subject's rules run for the NPU's devnodes, or for one of them by name."""
    applied = [rule for one in devnodes(facts) for rule, _ in one.outcome.rules]
    for rule in subject_rules(facts).rules:
        for command in (one for program in rule.values("RUN") for one in shell.all_commands(program)):
            means = any(devnodes_named(facts, word) for word in command.arguments)
            means = means or (rule in applied and any(_NODE.search(word) for word in command.arguments))
            if command.program in _GIVES and means:
                yield rule.where, command


def _modes(command: shell.Command) -> Iterator[str]:
    if command.program == "chmod":
        yield from command.arguments[:1]
        # A mode such as `+w` or `-w` is no option.
        yield from (word for word in command.options if re.fullmatch(r"[+-][rwxst]+", word))
    elif command.program == "mknod":
        for at, word in enumerate(command.words):
            found = re.fullmatch(r"(?:-m|--mode=)(\S*)", word)
            if found:
                yield found[1] or command.words[min(at + 1, len(command.words) - 1)]


def _is_wide(mode: str) -> bool:
    """Whether a mode, in digits or letters, lets others write."""
    if re.fullmatch("[0-7]{3,5}", mode):
        return bool(int(mode, 8) & 0o002)
    return any(
        re.fullmatch(r"[ugo]*[ao][ugo]*[+=][rwxXst]*w[rwxXst]*|[+=][rwxXst]*w[rwxXst]*", one) for one in mode.split(",")
    )
