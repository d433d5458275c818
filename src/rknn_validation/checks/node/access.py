"""Who may use the device: the group that is meant to, and nobody else."""

from __future__ import annotations

from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed
from rknn_validation.checks.node.client import NOBODY
from rknn_validation.checks.node.find import Node, device, left_to_systemd, no_device
from rknn_validation.checks.node.question import NODE_CHECKS, Question
from rknn_validation.facts.nix.configuration import Configuration
from rknn_validation.facts.text.udevdevices import MAINLINE_ACCEL, VENDOR_MISC, VENDOR_RENDER, Device
from rknn_validation.facts.text.udevrules import parse
from rknn_validation.facts.text.udevrun import run
from rknn_validation.npu.stacks import MAINLINE

OPEN = "sh -c 'exec 3<>\"$0\"'"


@NODE_CHECKS.check(
    "access.as-configured",
    stage="access",
    title="does the device node have the owner, group and mode the configuration gives it?",
    remedy="look at the rule's matches: on this node it does not apply, or a later rule overrides it",
)
def as_configured(question: Question) -> Answer:
    """What udevd made of the node is what the configuration's rules say."""
    node = device(question)
    if node is None:
        return no_device()
    configuration = question.expectation.configuration
    unknown = [rules.name for rules in configuration.udev_rules if rules.text is None]
    outcome = run(_rules(configuration), _modelled(node))
    if outcome.group is None and outcome.mode is None and outcome.owner is None:
        if unknown:
            return inconclusive(f"only a build can tell what {', '.join(unknown)} says", node.seen)
        if (left := left_to_systemd(question, node)) is not None:
            return left
        return failed(f"no rule of the configuration gives {node.path} a group; it is {node.access}", node.seen)
    told = tuple(Evidence(one.rule.where, one.rule.text) for one in (outcome.group, outcome.mode, outcome.owner) if one)
    owner = outcome.owner.value if outcome.owner else "root"
    group = outcome.group.value if outcome.group else outcome.device.group
    wanted = f"{owner}:{group} {outcome.mode_bits:04o}"
    if wanted != node.access:
        return failed(f"{node.path} is {node.access}, the configuration says {wanted}", node.seen, *told)
    return passed(f"{node.path} is {node.access}, as the configuration says", node.seen, *told)


def _rules(configuration: Configuration) -> list:  # type: ignore[type-arg]
    files = {rules.name: rules.text for rules in configuration.udev_rules if rules.text}
    files.setdefault("99-local.rules", configuration.udev_extra_rules)
    return [rule for name in sorted(files) for rule in parse(name, files[name] or "").rules]


def _modelled(node: Node) -> Device:
    if node.path.startswith("/dev/accel/"):
        return MAINLINE_ACCEL
    return VENDOR_MISC if node.path.startswith("/dev/rknpu") else VENDOR_RENDER[0]


@NODE_CHECKS.check(
    "access.group-can-open",
    stage="access",
    title="can a service that was given the group open the device?",
    remedy='give the rule GROUP="render", MODE="0660", and the service that group',
)
def group_can_open(question: Question) -> Answer:
    """Opened for reading and writing by a user whose only privilege is the node's group."""
    node = device(question)
    if node is None:
        return no_device()
    if node.gid == 0:
        return failed(f"{node.path} belongs to group root, which no service is given ({node.access})", node.seen)
    ran = question.run(f"{NOBODY} --groups={node.gid} {OPEN} %s", node.path)
    if ran.rc:
        return failed(f"a member of {node.group} cannot open {node.path} ({node.access})", node.seen, ran.evidence)
    return passed(f"a member of {node.group} opened {node.path}", node.seen, ran.evidence)


@NODE_CHECKS.check(
    "access.closed-to-others",
    stage="access",
    title="is the device closed to everybody else?",
    remedy='give the rule MODE="0660": the vendor driver trusts addresses its clients hand it',
)
def closed_to_others(question: Question) -> Answer:
    """No permission for others, and a user outside the group is really refused."""
    node = device(question)
    if node is None:
        return no_device()
    ran = question.run(f"{NOBODY} --clear-groups {OPEN} %s", node.path)
    # systemd opens accel nodes to everybody on purpose; to the vendor's driver, which trusts addresses, nobody should.
    mainline = question.expectation.stack is MAINLINE
    if node.mode & 0o007 and mainline and (left := left_to_systemd(question, node)) is not None:
        return left
    if node.mode & 0o007:
        return failed(f"{node.path} has mode {node.mode:04o}: everybody may use it", node.seen, ran.evidence)
    if ran.rc == 0:
        return failed(f"a user outside {node.group} opened {node.path} all the same", node.seen, ran.evidence)
    return passed(f"a user outside {node.group} is refused", node.seen, ran.evidence)
