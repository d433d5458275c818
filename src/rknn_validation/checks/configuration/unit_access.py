"""May the services that use the NPU open its node, and does the unit that stands for the node ever appear?"""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Aside, Fine, Problem
from rknn_validation.facts.devnodes import Devnode, devnodes, named_by, unread_rules
from rknn_validation.facts.model import Facts
from rknn_validation.facts.npupart import npu_units
from rknn_validation.facts.services import consumers, groups_of, shut_to, speaks_of_npu
from rknn_validation.facts.text.unitfile import devnode_of, is_on, last, words


@check(
    "access.services-are-in-the-node-s-group",
    stage="access",
    title="services that use the NPU are in a group that may open it",
    remedy="Give the service SupplementaryGroups = [ <the group of the udev rule> ], or add its user to that group.",
    nothing="the subject adds no service that uses the NPU",
)
def services_in_group(facts: Facts) -> Iterator[Problem | Fine | Aside]:
    """EACCES for the service, and everything works as root."""
    given = [one for one in devnodes(facts) if one.outcome.gives_access]
    if not any(one.outcome.group for one in given) or unread_rules(facts):
        yield Aside("the subject does not keep the node to a group")
        return
    if any(one.outcome.is_tagged for one in given):
        yield Aside("who is logged in at the machine may open the node")
        return
    kept = {one.device.subsystem for one in given}
    for name, unit in consumers(facts).items():
        own = groups_of(facts, unit) if speaks_of_npu(unit) else None
        # Without any group at all is what units.sandbox-lets-the-npu-in speaks of.
        if own is None or (not own and is_on(last(unit, "DynamicUser"))):
            yield Fine(name)
        elif shut := [one for one in shut_to(facts, unit) if one.device.subsystem in kept]:
            what = "the service may not open the NPU: it is in no group that the rules let in"
            yield Problem(name, what, f"in {', '.join(sorted(own)) or 'no group'}; {'; '.join(map(str, shut))}")
        else:
            yield Fine(name, f"in {', '.join(sorted(own))}")


@check(
    "units.device-unit-appears",
    stage="units",
    title="the device unit that a service waits for is made",
    remedy='Add TAG+="systemd" to the rule for KERNEL=="rknpu": udev tells systemd of tagged devices only.',
    nothing="no unit for the NPU waits for a devnode of it",
)
def device_unit_appears(facts: Facts) -> Iterator[Problem | Fine]:
    """The job for dev-rknpu.device times out after 90 s, and what requires it fails."""
    for name, unit in npu_units(facts).items():
        for key in ("BindsTo", "Requires", "Requisite", "Wants"):
            for waited in words(unit, key, "Unit"):
                nodes = named_by(facts, devnode_of(waited))
                if not nodes:
                    continue
                if unread_rules(facts) or any("systemd" in _tags(one) for one in nodes):
                    yield Fine(name, "a rule tells systemd of the device")
                else:
                    what = f"systemd is never told of {nodes[0].path}, so its device unit never appears"
                    yield Problem(name, what, f"{key}={waited}")


def _tags(node: Devnode) -> set[str]:
    return {tag.value for tag in node.outcome.tags}
