"""People: in which groups they are, and whether they may open the NPU."""

from __future__ import annotations

from rknn_validation.facts.devnodes import devnodes, unread_rules
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import Configuration


def memberships(configuration: Configuration) -> dict[str, set[str]]:
    """The groups of every user."""
    found = {user.name: {*user.groups, user.group} - {""} for user in configuration.users.values()}
    for name, group in configuration.groups.items():
        for member in group.members:
            found.setdefault(member, set()).add(name)
    return found


def shut_to_person(facts: Facts, name: str) -> str:
    """The devnode that a user may not open, as it is; "" where one lets them in, or may."""
    nodes = devnodes(facts)
    # Whether somebody sits at the machine, and what unknown rules do, is not known.
    if not nodes or unread_rules(facts) or any(one.outcome.is_tagged for one in nodes):
        return ""
    groups = frozenset(memberships(facts.configuration).get(name, ()))
    return "" if any(one.lets_in(name, groups) for one in nodes) else str(nodes[0])
