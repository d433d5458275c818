"""Access to the devnode: what udev's rules gave it, and who can open it."""

from __future__ import annotations

import re

from rknn_validation.checks.model import ALL_BOARDS, Answer, Evidence, failed, inconclusive, passed
from rknn_validation.checks.node.client import NOBODY
from rknn_validation.checks.node.device import Node, device, left_to_systemd, no_device, stat
from rknn_validation.checks.node.question import NODE_CHECKS, Expectation, Question
from rknn_validation.facts.nix.configuration import Configuration
from rknn_validation.facts.text.udevdevices import MAINLINE_ACCEL, VENDOR_MISC, VENDOR_RENDER, Device
from rknn_validation.facts.text.udevrules import parse
from rknn_validation.facts.text.udevrun import run
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.stacks import MAINLINE

OPEN = "sh -c 'exec 3<>\"$0\"'"


@NODE_CHECKS.check(
    "access.matches-configuration",
    "The devnode has the configured owner, group and mode",
    remedy="Check the matches of the rule: on this node it does not apply, or a later rule overrides it.",
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
    "A service in the devnode's group can open it",
    remedy='Set GROUP="render", MODE="0660" in the rule, and add the service to that group.',
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
    "Users outside the group cannot open the devnode",
    remedy='Set MODE="0660" in the rule: the vendor driver trusts the addresses that its clients pass.',
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


# On NixOS the directory is a link into the store, and systemd names what it leads to.
_RULES = r"/(etc/udev/rules\.d|nix/store/[^/\s]+)/(?!50-udev-default)\S+\.rules:\d+"
_COMPLAINT = rf"{_RULES}.*(Unknown|Invalid|ignoring|failed to|must be)|Failed to (read|parse).*rules"
_SETTLE = "udevadm settle --timeout=20"


@NODE_CHECKS.check(
    "udev.rules-accepted",
    "Udevd accepts the configuration's rules",
    remedy="Correct the rule that udevd reports: it ignores the whole line, or a group that does not exist.",
    boards=ALL_BOARDS,
)
def rules_accepted(question: Question) -> Answer:
    """udevd's own words about the files in /etc/udev/rules.d, since boot."""
    ran = question.must("journalctl -b -o cat --no-pager -u systemd-udevd.service")
    bad = [line for line in ran.lines if re.search(_COMPLAINT, line) and _concerns(question.expectation, line)]
    if bad:
        return failed(f"udevd says: {bad[0]}", ran.evidence)
    return passed("udevd has no complaint about /etc/udev/rules.d", ran.evidence)


def _concerns(expectation: Expectation, line: str) -> bool:
    """Whether a complaint is about what is judged: of a whole machine's rules, those about the NPU."""
    named = re.search(r"/([^/\s]+\.rules):(\d+)", line)
    if not expectation.whole or named is None:
        return not expectation.whole or about_npu(line)
    texts = [rules.text or "" for rules in expectation.configuration.udev_rules if rules.name == named[1]]
    lines = "\n".join(texts).splitlines()
    return about_npu(line) or about_npu("".join(lines[int(named[2]) - 1 : int(named[2])]))


@NODE_CHECKS.check(
    "udev.rule-applies",
    "A rule of the configuration applies to the device",
    remedy="Match the attributes that the device has (udevadm info --attribute-walk), in a file of /etc/udev/rules.d.",
)
def rule_applies(question: Question) -> Answer:
    """udevd's own trial run names a rule of /etc that sets group or mode, and the node has what it sets."""
    node = device(question)
    if node is None:
        return no_device()
    syspath = question.run("readlink -f %s", f"/sys/dev/char/{node.major}:{node.minor}").stdout.strip()
    # The trial run corrects the node itself, so the node has been looked at before.
    trial = question.run("udevadm test --action=add %s 2>&1 | grep -E '/(etc/udev|nix/store)/'", syspath)
    applied = [line for line in trial.lines if re.search(rf"{_RULES}.*\b(GROUP|MODE|OWNER)\b", line)]
    if not applied and (left := left_to_systemd(question, node)) is not None:
        return left
    if not applied:
        reason = f"no rule in /etc/udev/rules.d sets anything on {node.path} ({node.access})"
        return failed(reason, trial.evidence, node.seen)
    now = stat(question, node.path)
    if now is None or _access(now) != _access(node):
        reason = f"{node.path} was {node.access} until the rule was tried: it never saw the device's own uevent"
        return failed(reason, node.seen, trial.evidence)
    return passed(f"udevd applied {applied[0].strip()}", trial.evidence, node.seen)


@NODE_CHECKS.check(
    "udev.survives-replug",
    "The devnode keeps its access when the driver is bound again",
    remedy="Set group and mode in a rule: what a script or tmpfiles sets once is lost when the device reappears.",
)
def survives_replug(question: Question) -> Answer:
    """The NPU's platform devices are unbound from their driver and bound again; real uevents, real udevd."""
    before = device(question)
    if before is None:
        return no_device()
    users = question.run("ls -l /proc/[0-9]*/fd 2>/dev/null | grep -F -- %s", f"-> {before.path}")
    if users.lines:
        return inconclusive(f"{before.path} is in use, so its driver is left alone", users.evidence)
    bound = question.run('for link in /sys/bus/platform/devices/*.npu/driver; do readlink -f "$link"; done')
    if not bound.lines:
        return inconclusive(
            "no platform device of the NPU is bound to a driver: see kernel.driver-bound", bound.evidence
        )
    replug = question.run(
        f"""cd /sys/bus/platform/devices && for path in *.npu; do
        driver=$(readlink -f "$path/driver") && [ -n "$driver" ] && bound="$bound $path $driver"; done
        set -- $bound; while [ $# -gt 0 ]; do echo "$1" >"$2/unbind" || exit 2; shift 2; done; {_SETTLE}
        set -- $bound; while [ $# -gt 0 ]; do echo "$1" >"$2/bind" || exit 3; shift 2; done; {_SETTLE}"""
    )
    if replug.rc:
        return inconclusive("the driver could not be unbound and bound again", replug.evidence)
    after = device(question)
    if after is None:
        return failed(f"{before.path} did not come back", replug.evidence, question.run("dmesg | tail -15").evidence)
    if _access(after) != _access(before):
        return failed(f"{before.path} was {before.access} and came back as {after.access}", before.seen, after.seen)
    if after.gid == 0 and not after.mode & 0o006:
        return failed(f"{before.path} comes back as {after.access}: no service can use it", replug.evidence, after.seen)
    return passed(f"{after.path} came back as {after.access}", replug.evidence, after.seen)


@NODE_CHECKS.check(
    "udev.restores-access",
    "Udev restores access that was changed by hand",
    remedy="Set group and mode in a rule that also applies when the device is triggered again, not in a script.",
)
def restores_access(question: Question) -> Answer:
    """The node is taken away from its group, then the uevent is triggered again."""
    before = device(question)
    if before is None:
        return no_device()
    syspath = f"/sys/dev/char/{before.major}:{before.minor}"
    ran = question.run(
        f'chown root:root %s && chmod 0600 %s && udevadm trigger --action=add --settle "$(readlink -f {syspath})"',
        before.path,
        before.path,
    )
    after = stat(question, before.path)
    question.run(f"chown {before.owner}:{before.group} %s; chmod {before.mode:o} %s", before.path, before.path)
    if ran.rc or after is None:
        return inconclusive(f"{before.path} could not be changed and triggered", ran.evidence)
    if _access(after) != _access(before):
        return failed(f"{before.path} was {before.access}, and udev makes it {after.access}", ran.evidence, after.seen)
    if after.gid == 0 and not after.mode & 0o006:
        return failed(f"udev leaves {before.path} as {after.access}", ran.evidence, after.seen)
    return passed(f"udev made it {after.access} again", ran.evidence, after.seen)


def _access(node: Node) -> tuple[str, str, int]:
    return node.owner, node.group, node.mode
