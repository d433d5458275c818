"""May the services that use the NPU open its node, and does the unit that stands for the node ever appear?"""

from __future__ import annotations

import re

from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.configuration.udev import outcomes, rules_of, unread
from rknn_validation.checks.configuration.unit_service import consumers, speaks_of_npu
from rknn_validation.checks.configuration.units import is_on, last
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.difference import part
from rknn_validation.facts.model import Facts
from rknn_validation.nix.configuration import Unit


@CONFIGURATION_CHECKS.check(
    "access.services-are-in-the-node-s-group",
    stage="access",
    title="services that use the NPU are in a group that may open it",
    remedy="Give the service SupplementaryGroups = [ <the group of the udev rule> ], or add its user to that group.",
)
def services_in_group(facts: Facts) -> Answer:
    """EACCES for the service, and everything works as root."""
    given = [one for one in outcomes(facts) if one.gives_access and one.group]
    groups = {one.group.value for one in given if one.group}
    if not given or unread(facts) or any(one.mode_bits & 0o006 or one.is_tagged or one.owner for one in given):
        return skipped("the subject does not keep the node to a group")
    ours = {name: unit for name, unit in consumers(facts).items() if speaks_of_npu(name, unit)}
    wrong = []
    for name, unit in ours.items():
        own = _groups(facts, unit)
        if own is not None and not own & groups:
            wrong.append(
                Evidence(name, f"in {', '.join(sorted(own)) or 'no group'}; the node: {', '.join(groups)} 0660")
            )
    if wrong:
        return failed("the service may not open the NPU: it is in no group that the rules let in", *wrong)
    return passed(f"{len(ours)} services") if ours else skipped("the subject adds no service that uses the NPU")


def _groups(facts: Facts, unit: Unit) -> set[str] | None:
    """The groups a service runs with; None for root, and where it cannot be told."""
    service = unit.sections.get("Service", {})
    account = last(unit, "User")
    powers = " ".join(service.get("AmbientCapabilities", ()))
    if "CAP_DAC" in powers or "PAMName" in service or any("%" in word for word in (account, last(unit, "Group"))):
        return None
    named = {
        word for key in ("SupplementaryGroups", "Group") for value in service.get(key, ()) for word in value.split()
    }
    if is_on(last(unit, "DynamicUser")):
        # Without any group at all is what units.sandbox-lets-the-npu-in speaks of.
        return named or None
    if account in {"", "root", "0"} or account not in facts.configuration.users:
        return None
    user = facts.configuration.users[account]
    members = {name for name, group in facts.configuration.groups.items() if account in group.members}
    return named | set(user.groups) | members | ({user.group} if user.group else set())


@CONFIGURATION_CHECKS.check(
    "units.device-unit-appears",
    stage="units",
    title="the device unit that a service waits for is made",
    remedy='Add TAG+="systemd" to the rule for KERNEL=="rknpu": udev tells systemd of tagged devices only.',
    stacks=("vendor",),
)
def device_unit_appears(facts: Facts) -> Answer:
    """The job for dev-rknpu.device times out after 90 s, and what requires it fails."""
    waiting = [
        Evidence(name, f"{key}=dev-rknpu.device")
        for name, unit in part(facts).units.items()
        for key in ("BindsTo", "Requires", "Requisite", "Wants")
        if "dev-rknpu.device" in _words(unit, key)
    ]
    if not waiting:
        return skipped("no unit waits for dev-rknpu.device")
    if unread(facts) or any(re.search(r'TAG\+?=\s*"systemd"', rule.text) for rule in rules_of(facts)):
        return passed("a rule tells systemd of the device", *waiting)
    return failed("systemd is never told of /dev/rknpu, so its device unit never appears", *waiting)


def _words(unit: Unit, key: str) -> list[str]:
    return [word for value in unit.sections.get("Unit", {}).get(key, ()) for word in value.split()]
