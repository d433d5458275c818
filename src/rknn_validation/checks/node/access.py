"""Access to the devnode: what udev's rules gave it, and who can open it."""

from __future__ import annotations

import re

from rknn_validation.checks.model import ALL_BOARDS, Answer, Evidence, failed, inconclusive, passed
from rknn_validation.checks.node.client import NOBODY
from rknn_validation.checks.node.device import FoundDevnode, device, devnode_check, left_to_systemd, stat
from rknn_validation.checks.node.registry import NODE_CHECKS, Expectation, NodeUnderTest
from rknn_validation.facts.nix.configuration import Configuration
from rknn_validation.facts.text.udevdevices import MAINLINE_ACCEL, VENDOR_MISC, VENDOR_RENDER, Device
from rknn_validation.facts.text.udevrules import parse
from rknn_validation.facts.text.udevrun import run
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.stacks import MAINLINE

OPEN = "sh -c 'exec 3<>\"$0\"'"


@devnode_check(
    "access.matches-configuration",
    "The devnode has the configured owner, group and mode",
    remedy="Check the matches of the rule: on this node it does not apply, or a later rule overrides it.",
)
def as_configured(node: NodeUnderTest, devnode: FoundDevnode) -> Answer:
    """Owner, group and mode are those that the configuration's rules set."""
    configuration = node.expectation.configuration
    unknown = [rules.name for rules in configuration.udev_rules if rules.text is None]
    outcome = run(_rules(configuration), _modelled(devnode))
    if outcome.group is None and outcome.mode is None and outcome.owner is None:
        if unknown:
            return inconclusive(f"the text of {', '.join(unknown)} is known only after a build", devnode.seen)
        if (left := left_to_systemd(node, devnode)) is not None:
            return left
        return failed(
            f"no rule of the configuration gives {devnode.path} a group; it is {devnode.access}", devnode.seen
        )
    told = tuple(Evidence(one.rule.where, one.rule.text) for one in (outcome.group, outcome.mode, outcome.owner) if one)
    owner = outcome.owner.value if outcome.owner else "root"
    group = outcome.group.value if outcome.group else outcome.device.group
    wanted = f"{owner}:{group} {outcome.mode_bits:04o}"
    if wanted != devnode.access:
        return failed(f"{devnode.path} is {devnode.access}, the configuration says {wanted}", devnode.seen, *told)
    return passed(f"{devnode.path} is {devnode.access}, as the configuration says", devnode.seen, *told)


def _rules(configuration: Configuration) -> list:  # type: ignore[type-arg]
    files = {rules.name: rules.text for rules in configuration.udev_rules if rules.text}
    files.setdefault("99-local.rules", configuration.udev_extra_rules)
    return [rule for name in sorted(files) for rule in parse(name, files[name] or "").rules]


def _modelled(devnode: FoundDevnode) -> Device:
    if devnode.path.startswith("/dev/accel/"):
        return MAINLINE_ACCEL
    return VENDOR_MISC if devnode.path.startswith("/dev/rknpu") else VENDOR_RENDER[0]


@devnode_check(
    "access.group-can-open",
    "A service in the devnode's group can open it",
    remedy='Set GROUP="render", MODE="0660" in the rule, and add the service to that group.',
)
def group_can_open(node: NodeUnderTest, devnode: FoundDevnode) -> Answer:
    """A user whose only privilege is the devnode's group opens it for reading and writing."""
    if devnode.gid == 0:
        return failed(
            f"{devnode.path} belongs to group root, which no service is given ({devnode.access})", devnode.seen
        )
    ran = node.run(f"{NOBODY} --groups={devnode.gid} {OPEN} %s", devnode.path)
    if ran.rc:
        return failed(
            f"a member of {devnode.group} cannot open {devnode.path} ({devnode.access})", devnode.seen, ran.evidence
        )
    return passed(f"a member of {devnode.group} opened {devnode.path}", devnode.seen, ran.evidence)


@devnode_check(
    "access.closed-to-others",
    "Users outside the group cannot open the devnode",
    remedy='Set MODE="0660" in the rule: the vendor driver trusts the addresses that its clients pass.',
)
def closed_to_others(node: NodeUnderTest, devnode: FoundDevnode) -> Answer:
    """Others have no permission, and a user outside the group is refused."""
    ran = node.run(f"{NOBODY} --clear-groups {OPEN} %s", devnode.path)
    # systemd opens accel devices to everybody on purpose; the vendor's driver, which trusts addresses, must be closed.
    mainline = node.expectation.stack is MAINLINE
    if devnode.mode & 0o007 and mainline and (left := left_to_systemd(node, devnode)) is not None:
        return left
    if devnode.mode & 0o007:
        return failed(f"{devnode.path} has mode {devnode.mode:04o}: everybody may use it", devnode.seen, ran.evidence)
    if ran.rc == 0:
        return failed(f"a user outside {devnode.group} opened {devnode.path} all the same", devnode.seen, ran.evidence)
    return passed(f"a user outside {devnode.group} is refused", devnode.seen, ran.evidence)


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
def rules_accepted(node: NodeUnderTest) -> Answer:
    """Messages of udevd since boot about the files in /etc/udev/rules.d."""
    ran = node.must("journalctl -b -o cat --no-pager -u systemd-udevd.service")
    bad = [line for line in ran.lines if re.search(_COMPLAINT, line) and _concerns(node.expectation, line)]
    if bad:
        return failed(f"udevd says: {bad[0]}", ran.evidence)
    return passed("udevd has no complaint about /etc/udev/rules.d", ran.evidence)


def _concerns(expectation: Expectation, line: str) -> bool:
    """Whether a message is about what is judged: on a whole machine, only rules about the NPU are."""
    named = re.search(r"/([^/\s]+\.rules):(\d+)", line)
    if not expectation.whole or named is None:
        return not expectation.whole or about_npu(line)
    texts = [rules.text or "" for rules in expectation.configuration.udev_rules if rules.name == named[1]]
    lines = "\n".join(texts).splitlines()
    return about_npu(line) or about_npu("".join(lines[int(named[2]) - 1 : int(named[2])]))


@devnode_check(
    "udev.rule-applies",
    "A rule of the configuration applies to the device",
    remedy="Match the attributes that the device has (udevadm info --attribute-walk), in a file of /etc/udev/rules.d.",
)
def rule_applies(node: NodeUnderTest, devnode: FoundDevnode) -> Answer:
    """`udevadm test` names a rule of /etc that sets group or mode, and the devnode has what the rule sets."""
    syspath = node.run("readlink -f %s", f"/sys/dev/char/{devnode.major}:{devnode.minor}").stdout.strip()
    # `udevadm test` corrects the devnode itself, so its access was read before.
    trial = node.run("udevadm test --action=add %s 2>&1 | grep -E '/(etc/udev|nix/store)/'", syspath)
    applied = [line for line in trial.lines if re.search(rf"{_RULES}.*\b(GROUP|MODE|OWNER)\b", line)]
    if not applied and (left := left_to_systemd(node, devnode)) is not None:
        return left
    if not applied:
        reason = f"no rule in /etc/udev/rules.d sets anything on {devnode.path} ({devnode.access})"
        return failed(reason, trial.evidence, devnode.seen)
    now = stat(node, devnode.path)
    if now is None or _access(now) != _access(devnode):
        reason = f"{devnode.path} was {devnode.access} until the rule was tried: it never saw the device's own uevent"
        return failed(reason, devnode.seen, trial.evidence)
    return passed(f"udevd applied {applied[0].strip()}", trial.evidence, devnode.seen)


@devnode_check(
    "udev.survives-replug",
    "The devnode keeps its access when the driver is bound again",
    remedy="Set group and mode in a rule: what a script or tmpfiles sets once is lost when the device reappears.",
)
def survives_replug(node: NodeUnderTest, before: FoundDevnode) -> Answer:
    """The NPU's platform devices are unbound from their driver and bound again, with real uevents."""
    users = node.run("ls -l /proc/[0-9]*/fd 2>/dev/null | grep -F -- %s", f"-> {before.path}")
    if users.lines:
        return inconclusive(f"{before.path} is in use, so its driver is left alone", users.evidence)
    bound = node.run('for link in /sys/bus/platform/devices/*.npu/driver; do readlink -f "$link"; done')
    if not bound.lines:
        return inconclusive(
            "no platform device of the NPU is bound to a driver: see kernel.driver-bound", bound.evidence
        )
    replug = node.run(
        f"""cd /sys/bus/platform/devices && for path in *.npu; do
        driver=$(readlink -f "$path/driver") && [ -n "$driver" ] && bound="$bound $path $driver"; done
        set -- $bound; while [ $# -gt 0 ]; do echo "$1" >"$2/unbind" || exit 2; shift 2; done; {_SETTLE}
        set -- $bound; while [ $# -gt 0 ]; do echo "$1" >"$2/bind" || exit 3; shift 2; done; {_SETTLE}"""
    )
    if replug.rc:
        return inconclusive("the driver could not be unbound and bound again", replug.evidence)
    after = device(node)
    if after is None:
        return failed(f"{before.path} did not come back", replug.evidence, node.run("dmesg | tail -15").evidence)
    if _access(after) != _access(before):
        return failed(f"{before.path} was {before.access} and came back as {after.access}", before.seen, after.seen)
    if after.gid == 0 and not after.mode & 0o006:
        return failed(f"{before.path} comes back as {after.access}: no service can use it", replug.evidence, after.seen)
    return passed(f"{after.path} came back as {after.access}", replug.evidence, after.seen)


@devnode_check(
    "udev.restores-access",
    "Udev restores access that was changed by hand",
    remedy="Set group and mode in a rule that also applies when the device is triggered again, not in a script.",
)
def restores_access(node: NodeUnderTest, before: FoundDevnode) -> Answer:
    """The devnode is given to root alone, then its uevent is triggered again."""
    syspath = f"/sys/dev/char/{before.major}:{before.minor}"
    ran = node.run(
        f'chown root:root %s && chmod 0600 %s && udevadm trigger --action=add --settle "$(readlink -f {syspath})"',
        before.path,
        before.path,
    )
    after = stat(node, before.path)
    node.run(f"chown {before.owner}:{before.group} %s; chmod {before.mode:o} %s", before.path, before.path)
    if ran.rc or after is None:
        return inconclusive(f"{before.path} could not be changed and triggered", ran.evidence)
    if _access(after) != _access(before):
        return failed(f"{before.path} was {before.access}, and udev makes it {after.access}", ran.evidence, after.seen)
    if after.gid == 0 and not after.mode & 0o006:
        return failed(f"udev leaves {before.path} as {after.access}", ran.evidence, after.seen)
    return passed(f"udev made it {after.access} again", ran.evidence, after.seen)


def _access(devnode: FoundDevnode) -> tuple[str, str, int]:
    return devnode.owner, devnode.group, devnode.mode
